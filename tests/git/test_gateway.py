"""The gateway: git from inside a sandbox, by a socket, as the remote helper speaks it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from firefly.git import SOCKET, Gateway
from tests.support.waiting import eventually

from .conftest import Hosted, gateway_of
from .support import client, commit, git

# What git-remote-firefly does: `connect`, one line each way, then bytes.
HELPER = """#!{python}
import os, socket, sys, threading
for line in iter(lambda: os.read(0, 4096), b""):
    word, _, rest = line.strip().partition(b" ")
    if word == b"capabilities":
        os.write(1, b"connect\\n\\n")
        continue
    service = rest
    break
peer = socket.socket(socket.AF_UNIX)
peer.connect({socket!r})
peer.sendall(service + b"\\n")
answer = b""
while not answer.endswith(b"\\n"):
    answer += peer.recv(1)
if answer != b"ok\\n":
    sys.exit(answer.decode())
os.write(1, b"\\n")
def up():
    while data := os.read(0, 65536):
        peer.sendall(data)
    peer.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while data := peer.recv(65536):
    os.write(1, data)
"""


@pytest.fixture
def owners(hosted: Hosted) -> dict[UUID, UUID]:
    """Workspace → project."""
    return {uuid4(): hosted.project_id}


@pytest.fixture
def workspace(owners: dict[UUID, UUID]) -> UUID:
    return next(iter(owners))


@pytest.fixture
def reading() -> set[UUID]:
    """Workspaces that push nothing."""
    return set()


@pytest.fixture
async def gateway(
    hosted: Hosted, owners: dict[UUID, UUID], reading: set[UUID], tmp_path: Path
) -> AsyncIterator[Gateway]:
    made = gateway_of(hosted, tmp_path, project_of=owners.get, reads_only=reading.__contains__)
    yield made
    await made.close()


@pytest.fixture
async def inside(gateway: Gateway, workspace: UUID, tmp_path: Path) -> Path:
    """A workspace whose `origin` goes through the gateway."""
    await gateway.listen(workspace, tmp_path)
    helper = tmp_path / "bin" / "git-remote-firefly"
    helper.parent.mkdir()
    helper.write_text(HELPER.format(python=sys.executable, socket=str(tmp_path / SOCKET)))
    helper.chmod(0o755)
    folder = tmp_path / "workspace"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "remote", "add", "origin", "firefly::origin")
    return folder


def path(tmp_path: Path) -> dict[str, str]:
    return {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}


async def greet(tmp_path: Path, line: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(tmp_path / SOCKET)
    try:
        writer.write(line)
        return await asyncio.wait_for(reader.readline(), 30)
    finally:
        writer.close()


async def test_pushes_and_fetches_like_any_remote(hosted: Hosted, inside: Path, tmp_path: Path) -> None:
    head = commit(inside)
    status, said = await client(inside, "push", "-q", "origin", "main", **path(tmp_path))
    assert status == 0, said
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    status, said = await client(other, "pull", "-q", "firefly::origin", "main", **path(tmp_path))

    assert status == 0, said
    assert git(other, "rev-parse", "HEAD") == head


async def test_its_pushes_are_recorded_and_update_no_workspace(hosted: Hosted, inside: Path, tmp_path: Path) -> None:
    head = commit(inside)
    await client(inside, "push", "-q", "origin", "main", **path(tmp_path))

    async def recorded() -> bool:
        return [row["state"] for row in await hosted.rows()] == ["recorded"]

    await eventually(recorded)
    (row,) = await hosted.rows()
    assert (row["via"], row["pusher_id"], row["changes"][0]["new"]) == ("workspace", None, head)
    assert hosted.listener.pushes == []


async def test_a_refused_push_is_settled_as_such(hosted: Hosted, inside: Path, tmp_path: Path) -> None:
    commit(inside)
    status, _ = await client(inside, "push", "-q", "origin", "main:refs/firefly/x", **path(tmp_path))
    assert status != 0

    async def refused() -> bool:
        return [row["state"] for row in await hosted.rows()] == ["refused"]

    await eventually(refused)


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize(
    "line", [b"git-upload-archive\n", b"sh\n", b"\n", b"git-upload-pack /etc\n", b"\xff\xfe\n", b"x" * 70000 + b"\n"]
)
async def test_there_are_two_services_and_no_others(tmp_path: Path, line: bytes) -> None:
    assert (await greet(tmp_path, line)).startswith(b"error ") or line.startswith(b"xxx")


@pytest.mark.usefixtures("inside")
async def test_what_is_made_ready_may_read_and_not_push(tmp_path: Path, workspace: UUID, reading: set[UUID]) -> None:
    reading.add(workspace)

    assert await greet(tmp_path, b"git-upload-pack\n") == b"ok\n"
    for line in (b"git-receive-pack\n", b"git-receive-pack shadow 2\n", b"git-upload-pack shadow 2\n"):
        assert b"pushes nothing" in await greet(tmp_path, line)


@pytest.mark.usefixtures("inside")
async def test_a_workspace_of_nobody_is_told_so(tmp_path: Path, owners: dict[UUID, UUID]) -> None:
    owners.clear()

    assert b"belongs to no project" in await greet(tmp_path, b"git-upload-pack\n")


@pytest.mark.usefixtures("inside")
async def test_one_sandbox_reaches_only_its_own_project(
    hosted: Hosted, tmp_path: Path, owners: dict[UUID, UUID], workspace: UUID
) -> None:
    owners[workspace] = uuid4()

    assert (await greet(tmp_path, b"git-upload-pack\n")).startswith(b"error ")


@pytest.mark.usefixtures("inside")
async def test_too_many_connections_are_closed(tmp_path: Path) -> None:
    writers = []
    for _ in range(30):
        _, writer = await asyncio.open_unix_connection(tmp_path / SOCKET)
        writers.append(writer)
    reader, writer = await asyncio.open_unix_connection(tmp_path / SOCKET)
    writers.append(writer)

    assert await asyncio.wait_for(reader.read(), 30) == b""
    for each in writers:
        each.close()


@pytest.mark.usefixtures("inside")
async def test_silenced_is_gone_and_ends_connections(gateway: Gateway, workspace: UUID, tmp_path: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(tmp_path / SOCKET)
    writer.write(b"git-upload-pack\n")
    assert await reader.readline() == b"ok\n"
    await gateway.silence(workspace)
    await gateway.silence(workspace)

    await asyncio.wait_for(reader.read(), 30)
    writer.close()
    assert not (tmp_path / SOCKET).exists()


@pytest.mark.usefixtures("inside")
async def test_listening_again_replaces_a_socket_that_was_left(
    gateway: Gateway, workspace: UUID, tmp_path: Path
) -> None:
    await gateway.listen(workspace, tmp_path)

    assert await greet(tmp_path, b"git-upload-pack\n") == b"ok\n"
