"""What a build asks of the bridge: trees in, commands with their output, and the one archive of what came of them."""

import io
import os
import tarfile
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from firefly.client.building import BuildingClient
from firefly.errors import Conflict, NotFound
from firefly.protocol.building import Ended, Filled, FrameKind, Packed, PackParams
from tests.bridge.test_program import program
from tests.support.waiting import eventually

# No other run of these tests on this machine sleeps for a whole number and so much.
OWN = os.getpid()


@pytest.fixture
def tree(variables: Mapping[str, str]) -> Path:
    return Path(variables["FIREFLY_WORKSPACE"])


@pytest.fixture
async def client(variables: Mapping[str, str], tmp_path: Path) -> AsyncIterator[BuildingClient]:
    """Of a process of its own, since it ends whatever descends from it."""
    path = tmp_path / "bridge.sock"
    async with program(variables, path), BuildingClient.on_socket(path) as client:
        yield client


def tar(*members: tuple[str, str | bytes | None], links: Mapping[str, str] = {}) -> bytes:
    """Files with their content; None: a folder."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            data = content.encode() if isinstance(content, str) else content or b""
            info.type, info.size, info.mode = tarfile.DIRTYPE if content is None else tarfile.REGTYPE, len(data), 0o755
            archive.addfile(info, io.BytesIO(data))
        for name, target in links.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return made.getvalue()


async def fill(client: BuildingClient, data: bytes) -> Filled:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(data), 1000):
            yield data[at : at + 1000]

    return await client.fill(pieces())


async def run(client: BuildingClient, command: str, **env: str) -> tuple[int, bytes, bytes]:
    out = {FrameKind.OUT: b"", FrameKind.ERR: b""}
    async with client.run(command, env=env) as frames:
        async for kind, content in frames:
            if kind is FrameKind.END:
                return Ended.model_validate_json(content).exit_code, out[FrameKind.OUT], out[FrameKind.ERR]
            out[kind] += content
    raise AssertionError


async def pack(client: BuildingClient, **params: object) -> tuple[bytes, Packed]:
    made = b""
    async with client.pack(PackParams.model_validate(params)) as frames:
        async for kind, content in frames:
            if kind is FrameKind.END:
                return made, Packed.model_validate_json(content)
            made += content
    raise AssertionError


def listed(archive: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as package:
        return {member.name: member for member in package}


async def test_a_tree_is_made_as_it_is_and_nothing_beside_the_workspace(tree: Path, client: BuildingClient) -> None:
    outside = tree.parent / "outside"
    hostile = tar(
        ("src/a", "one"), ("../outside", "x"), ("/abs", "x"), (".git/hooks/post-checkout", "x"), ("a/.GIT/config", "x"),
        ("src/a", "again"), ("sub", None), ("b" * 300, "x"), ("odd\udcff", "raw"),
        links={"away": "/etc/passwd", "up": "../outside", "in": "src"},
    )  # fmt: skip
    filled = await fill(client, hostile + tar(("up", "through a link"), ("in/new", "x")))
    assert not outside.exists()
    assert (tree / "src" / "a").read_text() == "one"
    assert os.access(tree / "src" / "a", os.X_OK)
    assert (tree / os.fsdecode(b"odd\xff")).read_text() == "raw"
    assert os.readlink(tree / "away") == "/etc/passwd"
    assert not (tree / ".git").exists()
    assert {refused.partition(":")[0] for refused in filled.refused} >= {"../outside", ".git/hooks/post-checkout"}
    again = await fill(client, tar(("up", "through a link"), ("away/x", "y")))
    assert len(again.refused) == 2
    assert not outside.exists()


async def test_what_lies_too_deep_is_left_out_or_told(tree: Path, client: BuildingClient) -> None:
    filled = await fill(client, tar(("d/" * 1500 + "file", "x"), ("d/" * 150 + "file", "x")))
    assert (filled.files, [refused.rpartition(": ")[2] for refused in filled.refused]) == (1, ["it lies too deep"])
    assert (await pack(client))[1].files == 1
    code, _, _ = await run(client, "mkdir -p $(printf 'e/%.0s' $(seq 700))")
    assert code == 0
    with pytest.raises(Conflict, match="folders lie deeper than 200 levels"):
        await pack(client)


async def test_output_comes_as_bytes_and_nothing_of_the_group_is_left(client: BuildingClient) -> None:
    code, out, err = await run(
        client, rf"printf '\377\000raw'; echo $MORE >&2; read answer || echo none; sleep 77.{OWN} & exit 3", MORE="more"
    )
    assert (code, err) == (3, b"more\n")
    assert out == b"\xff\0rawnone\n"
    assert not sleepers("77")
    # More than pipes and buffers hold, to the last byte, from one that has ended before it was read.
    code, out, _ = await run(client, "head -c 3000000 /dev/zero; exec 1>&-")
    assert (code, len(out)) == (0, 3_000_000)


def sleepers(seconds: str) -> list[str]:
    """Which processes of this worker's tests sleep for so long."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if file.read().split(b"\0")[:2] == [b"sleep", f"{seconds}.{OWN}".encode()]:
                    found.append(pid)
        except OSError:
            continue
    return found


async def test_whoever_listens_no_more_ends_the_command_with_all_that_it_started(client: BuildingClient) -> None:
    async with client.run(f"setsid sleep 78.{OWN} & sleep 79.{OWN}") as frames:
        await eventually(lambda: bool(sleepers("79") and sleepers("78")))
        del frames
    await eventually(lambda: not sleepers("79"))
    # What went away by itself is ended with the sandbox, or before what is there is packed.
    assert sleepers("78")
    await pack(client)
    assert not sleepers("78")


async def test_the_same_files_are_the_same_bytes_whenever_they_are_packed(client: BuildingClient) -> None:
    setup = (
        "mkdir -p d/e .git .firefly && echo 1 > d/e/f && echo 2 > b && ln -s d/e in && ln -s /usr/bin/env sys && "
        'ln -s /tmp out && ln -s "$PWD/b" whole && mkfifo pipe && cp /bin/true prog && echo x > cache'
    )
    assert (await run(client, setup))[0] == 0
    first, packed = await pack(client, without=["cache"])
    assert (await run(client, "touch -d 2001-01-01 b d d/e/f && chmod 600 b && chmod 700 d"))[0] == 0
    second, _ = await pack(client, without=["cache"])
    assert first == second
    found = listed(first)
    assert list(found) == ["b", "d", "d/e", "d/e/f", "in", "prog", "sys", "whole"]
    assert (found["whole"].linkname, found["prog"].mode, found["b"].mode, found["b"].uid) == ("b", 0o755, 0o644, 0)
    assert {left_out.partition(":")[0] for left_out in packed.left_out} == {"out", "pipe"}
    # A browser that has the old content must not be told that nothing has changed.
    assert (await run(client, "echo 3 > b"))[0] == 0
    third, _ = await pack(client)
    assert listed(third)["b"].mtime != found["b"].mtime
    pages, packed = await pack(client, folder="d", pages=True)
    assert list(listed(pages)) == ["e", "e/f"]
    with pytest.raises(NotFound):
        await pack(client, folder="dist")


async def test_what_is_written_to_while_it_is_packed_is_no_result(client: BuildingClient) -> None:
    writer = "setsid sh -c 'while :; do echo x >> big; done' > /dev/null 2>&1"
    ready = "while [ $(stat -c %s big) = 20000000 ]; do :; done"
    assert (await run(client, f"head -c 20000000 /dev/zero > big; {writer} & {ready}"))[0] == 0
    with pytest.raises(Conflict, match="still being written"):
        await pack(client, ends=False)
    await pack(client)


async def test_a_hundred_thousand_lines_a_second_hardly_slow_the_command(client: BuildingClient) -> None:
    command = (
        "import sys,time; t=time.time()\nfor n in range(200000): sys.stdout.write('line %d of what is built\\n' % n)"
    )
    began = time.monotonic()
    code, out, _ = await run(client, f'python3 -c "{command}"')
    assert (code, out.count(b"\n")) == (0, 200_000)
    assert time.monotonic() - began < 40
