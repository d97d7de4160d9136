"""Archives: plain files within limits, and nothing else."""

import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from firefly.bridge import archive as module
from firefly.bridge.archive import unpack
from firefly.bridge.workspace import Workspace
from firefly.errors import Conflict, InvalidInput, TooLarge
from tests.bridge.conftest import Running, git

Entries = list[tuple[str, bytes | None, int]]
GOOD: Entries = [("site/", None, 0o755), ("site/index.html", b"<p>hi", 0o644), ("site/run.sh", b"#!/bin/sh", 0o755)]


def zip_of(entries: Entries) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content, mode in entries:
            info = zipfile.ZipInfo(name)
            kind = mode & ~0o7777 or (stat.S_IFDIR if content is None else stat.S_IFREG)
            info.external_attr = (kind | mode) << 16
            package.writestr(info, content or b"")
    return buffer.getvalue()


def tar_of(entries: Entries, compression: str = "gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{compression}") as package:  # type: ignore[call-overload]
        for name, content, mode in entries:
            info = tarfile.TarInfo(name)
            info.mode, info.size = mode, len(content or b"")
            info.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            package.addfile(info, io.BytesIO(content or b""))
    return buffer.getvalue()


@pytest.fixture
def put(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(data: bytes) -> Path:
        path = tmp_path / "archive"
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize("pack", [zip_of, tar_of, lambda entries: tar_of(entries, "")])
def test_good_ones(workspace: Workspace, put: Callable[[bytes], Path], pack: Callable[[Entries], bytes]) -> None:
    assert unpack(put(pack(GOOD)), workspace) == 2
    assert (workspace.root / "index.html").read_bytes() == b"<p>hi"
    assert (workspace.root / "run.sh").stat().st_mode & 0o111
    assert not (workspace.root / "site").exists()


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "a\\..\\..\\x/../y"])
@pytest.mark.parametrize("pack", [zip_of, tar_of])
def test_paths_that_leave(
    workspace: Workspace, put: Callable[[bytes], Path], pack: Callable[[Entries], bytes], name: str
) -> None:
    with pytest.raises(InvalidInput, match="path that is refused"):
        unpack(put(pack([("ok", b"x", 0o644), (name, b"evil", 0o644)])), workspace)
    assert list(workspace.root.iterdir()) == []


def test_links_and_devices(workspace: Workspace, put: Callable[[bytes], Path]) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as package:
        info = tarfile.TarInfo("link")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc"
        package.addfile(info)
    link = zip_of([("link", b"/etc/passwd", stat.S_IFLNK | 0o777)])
    for data in (buffer.getvalue(), link):
        with pytest.raises(InvalidInput, match="link or a device"):
            unpack(put(data), workspace)


def test_history_of_elsewhere_is_left_out(workspace: Workspace, put: Callable[[bytes], Path]) -> None:
    entries: Entries = [(".git/hooks/post-checkout", b"evil", 0o755), ("a", b"x", 0o644), ("__MACOSX/a", b"x", 0o644)]
    assert unpack(put(zip_of(entries)), workspace) == 1
    assert [path.name for path in workspace.root.iterdir()] == ["a"]


def test_bombs(workspace: Workspace, put: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1 << 20)
    monkeypatch.setattr(module, "MOST_ENTRIES", 50)
    many: Entries = [(f"f{number}", b"", 0o644) for number in range(51)]
    for data in (zip_of([("big", b"\0" * (2 << 20), 0o644)]), tar_of(many), zip_of(many)):
        with pytest.raises(TooLarge):
            unpack(put(data), workspace)
    assert list(workspace.root.iterdir()) == []


@pytest.mark.parametrize(
    "data",
    [b"", b"not an archive", zip_of(GOOD)[:-30], tar_of(GOOD)[:60], b"PK\x03\x04" + b"\0" * 50],
    # An archive has the time in it, and each worker has to find the same names.
    ids=["empty", "text", "cut zip", "cut tar", "zip of zeros"],
)
def test_broken_ones(workspace: Workspace, put: Callable[[bytes], Path], data: bytes) -> None:
    with pytest.raises(InvalidInput):
        unpack(put(data), workspace)


async def test_an_upload_becomes_the_first_commit(house: Running) -> None:
    done = await house.client.initialize_archive(tar_of(GOOD))
    assert (done.files, done.commit) == (2, git(house.tree, "rev-parse", "HEAD"))
    assert git(house.tree, "ls-files").split() == ["index.html", "run.sh"]
    with pytest.raises(Conflict, match="not empty"):
        await house.client.initialize_archive(tar_of(GOOD))


async def test_a_refused_upload_leaves_the_workspace_empty(house: Running) -> None:
    with pytest.raises(InvalidInput):
        await house.client.initialize_archive(tar_of([("good", b"x", 0o644), ("../x", b"x", 0o644)]))
    assert (await house.client.list_folder()).entries == []
    assert (await house.client.initialize_archive(zip_of(GOOD))).files == 2
