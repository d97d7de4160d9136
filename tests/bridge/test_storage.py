"""A write is whole or not at all, and only over the version that the writer saw."""

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from firefly.bridge.annex import Annex
from firefly.bridge.storage import ANY, HASHED, Storage, with_room
from firefly.bridge.workspace import Place, Workspace
from firefly.errors import Conflict, NotFound, StorageFull, TooLarge, VersionConflict
from firefly.protocol.errors import RefusedPath


def test_a_new_file_needs_the_expectation_that_there_is_none(workspace: Workspace, storage: Storage) -> None:
    written = storage.write("deep/er/a.txt", [b"one", b"two"], expected=None)
    assert (workspace.root / "deep/er/a.txt").read_bytes() == b"onetwo"
    assert storage.read("deep/er/a.txt", limit=100) == (b"onetwo", written.version)
    with pytest.raises(VersionConflict) as caught:
        storage.write("deep/er/a.txt", [b"x"], expected=None)
    assert caught.value.extra["version"] == written.version


def test_only_the_version_that_was_read_is_replaced(workspace: Workspace, storage: Storage) -> None:
    first = storage.write("a", [b"1"])
    second = storage.write("a", [b"2"], expected=first.version)
    with pytest.raises(VersionConflict):
        storage.write("a", [b"3"], expected=first.version)
    assert (workspace.root / "a").read_bytes() == b"2"
    (workspace.root / "a").unlink()
    with pytest.raises(NotFound, match="was deleted"):
        storage.write("a", [b"3"], expected=second.version)


def test_a_version_belongs_to_the_contents(storage: Storage) -> None:
    first = storage.write("a", [b"same"])
    assert storage.write("a", [b"same"]).version == first.version
    assert storage.write("a", [b"other"]).version != first.version


def test_large_files_have_versions_without_being_read(workspace: Workspace, storage: Storage) -> None:
    with (workspace.root / "big").open("wb") as file:
        file.truncate(HASHED + 1)
    before = storage.version("big")
    with (workspace.root / "big").open("ab") as file:
        file.write(b"x")
    assert storage.version("big") != before


def test_permissions_stay_and_links_inside_are_written_through(workspace: Workspace, storage: Storage) -> None:
    tool = workspace.root / "tool.sh"
    tool.write_text("#!/bin/sh")
    tool.chmod(0o755)
    (workspace.root / "link").symlink_to("tool.sh")
    storage.write("link", [b"#!/bin/bash"])
    assert (workspace.root / "link").is_symlink()
    assert tool.read_text() == "#!/bin/bash"
    assert tool.stat().st_mode & 0o777 == 0o755


def test_folders_devices_and_links_out_are_not_written(workspace: Workspace, storage: Storage, tmp_path: Path) -> None:
    (workspace.root / "folder").mkdir()
    os.mkfifo(workspace.root / "fifo")
    outside = tmp_path / "outside"
    outside.write_text("safe")
    (workspace.root / "out").symlink_to(outside)
    for path in ("folder", "fifo"):
        with pytest.raises(Conflict):
            storage.write(path, [b"x"])
    with pytest.raises(RefusedPath):
        storage.write("out", [b"x"])
    assert outside.read_text() == "safe"


def test_what_is_no_ordinary_file_is_not_read(workspace: Workspace, storage: Storage) -> None:
    os.mkfifo(workspace.root / "fifo")
    for path, words in (("fifo", "no ordinary file"), ("", "a folder")):
        with pytest.raises(Conflict, match=words):
            storage.read(path, limit=10)


def test_reading_has_a_limit(storage: Storage) -> None:
    storage.write("a", [b"12345"])
    with pytest.raises(TooLarge):
        storage.read("a", limit=4)


def test_a_write_that_fails_leaves_nothing_behind(workspace: Workspace, storage: Storage) -> None:
    storage.write("a", [b"old"])

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError("the upload ended")

    with pytest.raises(RuntimeError):
        storage.write("a", broken())
    assert (workspace.root / "a").read_bytes() == b"old"
    assert not list(workspace.root.rglob("*.tmp"))


def test_half_written_files_are_out_of_sight_in_git_where_there_is_one(workspace: Workspace, storage: Storage) -> None:
    (workspace.root / ".git").mkdir()
    seen: list[list[str]] = []

    def blocks() -> Iterator[bytes]:
        yield b"1"
        seen.append(sorted(path.name for path in workspace.root.iterdir()))
        yield b"2"

    storage.write("a", blocks())
    assert seen == [[".git"]]
    assert (workspace.root / ".git/firefly/tmp").is_dir()


def test_a_hostile_git_link_is_not_followed(workspace: Workspace, storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (workspace.root / ".git").symlink_to(tmp_path / "elsewhere")
    storage.write("a", [b"x"])
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (workspace.root / "a").read_bytes() == b"x"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB."""
    path = tmp_path / "small"
    path.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path], check=True)
    yield path
    subprocess.run(["umount", "-l", path], check=True)


@pytest.mark.root
def test_a_full_disk_keeps_the_old_contents(small_disk: Path) -> None:
    workspace = Workspace(small_disk)
    storage = Storage(workspace, Annex(workspace))
    storage.write("a", [b"old" * 1000])
    with pytest.raises(StorageFull, match="nothing was changed"):
        storage.write("a", [b"x" * 65536] * 64)
    assert (small_disk / "a").read_bytes() == b"old" * 1000
    assert not list(small_disk.rglob("*.tmp"))
    storage.write("b", [b"y" * 100_000])
    workspace.close()


@pytest.mark.root
def test_a_full_disk_gives_up_what_was_deleted(small_disk: Path) -> None:
    workspace = Workspace(small_disk)
    annex = Annex(workspace)
    storage = Storage(workspace, annex)
    storage.write("big", [b"x" * 700_000])
    storage.remove("big")
    written = with_room(annex, lambda: storage.write("new", [b"y" * 600_000], expected=ANY))
    assert written.size == 600_000
    with pytest.raises(StorageFull):
        with_room(annex, lambda: storage.write("more", [b"y" * 600_000]))
    workspace.close()


def test_two_names_of_one_file_do_not_let_two_writers_pass(
    workspace: Workspace, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file by its own path and by a linked folder: to the callers' locks two files."""
    (workspace.root / "real").mkdir()
    (workspace.root / "link").symlink_to("real")
    seen = storage.write("real/a", [b"old"]).version
    both_checked = threading.Barrier(2)

    def late(folder: int, name: str, place: Place) -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            both_checked.wait(0.5)
        os.rename(name, place.name, src_dir_fd=folder, dst_dir_fd=place.folder)

    monkeypatch.setattr("firefly.bridge.storage._move", late)

    def write(path: str) -> bool:
        try:
            storage.write(path, [path.encode()], expected=seen)
        except VersionConflict:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        passed = list(threads.map(write, ("real/a", "link/a")))
    assert sorted(passed) == [False, True]
