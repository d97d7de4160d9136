"""FileArtifactStore: what it promises beyond every store."""

import asyncio
import errno
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from firefly.artifacts import FileArtifactStore
from firefly.errors import StorageFull

from .bodies import pieces

LIMIT = 1 << 20


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]


@pytest.fixture
def files(tmp_path: Path) -> FileArtifactStore:
    return FileArtifactStore(tmp_path / "artifacts")


async def test_the_same_bytes_are_kept_once(files: FileArtifactStore, tmp_path: Path) -> None:
    first = await files.put(pieces(b"same"), limit=LIMIT)
    second = await files.put(pieces(b"sa", b"me"), limit=LIMIT)
    assert first == second
    assert [path.stat().st_size for path in files_below(tmp_path) if path.stat().st_size] == [4]


async def test_a_put_that_is_cancelled_at_its_end_leaves_nothing(
    files: FileArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go_on = threading.Event(), threading.Event()
    settle = files._settle

    def slow(*arguments: Any) -> None:
        reached.set()
        go_on.wait(30)
        settle(*arguments)

    monkeypatch.setattr(files, "_settle", slow)
    putting = asyncio.create_task(files.put(pieces(b"same"), limit=LIMIT))
    await asyncio.to_thread(reached.wait, 30)
    putting.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert files_below(tmp_path) == []


async def test_a_full_disk_is_said_and_leaves_nothing(
    files: FileArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull, match="no space"):
        await files.put(pieces(b"data"), limit=LIMIT)
    assert files_below(tmp_path) == []
