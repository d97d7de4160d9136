"""FileArtifactStore: what goes in comes out, whole or not at all."""

import asyncio
import errno
import hashlib
import os
import threading
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from firefly.artifacts import FileArtifactStore, Held
from firefly.errors import InvalidInput, NotFound, StorageFull, TooLarge

LIMIT = 1 << 20


async def pieces(*values: bytes) -> AsyncIterator[bytes]:
    for value in values:
        yield value


async def broken(*values: bytes) -> AsyncIterator[bytes]:
    for value in values:
        yield value
    raise ConnectionResetError("the client went away")


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]


@pytest.fixture
def store(tmp_path: Path) -> FileArtifactStore:
    return FileArtifactStore(tmp_path / "artifacts")


async def test_named_by_the_sha256_of_its_bytes(store: FileArtifactStore) -> None:
    artifact = await store.put(pieces(b"one", b"two"), limit=LIMIT)

    assert artifact.digest == "sha256:" + hashlib.sha256(b"onetwo").hexdigest()
    assert artifact.size == 6
    assert await store.find(artifact.digest) == artifact


async def test_reads_back_the_same_bytes(store: FileArtifactStore) -> None:
    content = os.urandom(700_000)
    artifact = await store.put(pieces(content), limit=LIMIT)

    async with aclosing(await store.read(artifact.digest)) as stream:
        assert b"".join([piece async for piece in stream]) == content
    assert (await store.local(artifact.digest)).read_bytes() == content


async def test_the_same_bytes_are_kept_once(store: FileArtifactStore, tmp_path: Path) -> None:
    first = await store.put(pieces(b"same"), limit=LIMIT)
    second = await store.put(pieces(b"sa", b"me"), limit=LIMIT)

    assert first == second
    assert [path.stat().st_size for path in files_below(tmp_path) if path.stat().st_size] == [4]


async def test_what_two_people_put_is_there_until_both_have_removed_it(
    store: FileArtifactStore, tmp_path: Path
) -> None:
    digest = (await store.put(pieces(b"same"), limit=LIMIT)).digest
    await store.put(pieces(b"same"), limit=LIMIT)

    await store.remove(digest)
    assert (await store.local(digest)).read_bytes() == b"same"
    await FileArtifactStore(tmp_path / "artifacts").remove(digest)
    assert files_below(tmp_path) == []
    await store.remove(digest)


async def test_a_put_that_is_cancelled_at_its_end_leaves_nothing(
    store: FileArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go_on = threading.Event(), threading.Event()
    settle = store._settle

    def slow(*arguments: Any) -> None:
        reached.set()
        go_on.wait(30)
        settle(*arguments)

    monkeypatch.setattr(store, "_settle", slow)
    putting = asyncio.create_task(store.put(pieces(b"same"), limit=LIMIT))
    await asyncio.to_thread(reached.wait, 30)
    putting.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await putting

    assert files_below(tmp_path) == []


async def test_what_a_killed_server_was_receiving_is_cleared_away(store: FileArtifactStore, tmp_path: Path) -> None:
    incoming = tmp_path / "artifacts" / "incoming"
    incoming.mkdir(parents=True)
    for name, written_at in (("half", 0), ("of a server beside us", time.time())):
        (incoming / name).write_bytes(b"half")
        os.utime(incoming / name, (written_at, written_at))
    digest = (await store.put(pieces(b"whole"), limit=LIMIT)).digest
    assert await store.held(datetime.now(UTC) - timedelta(days=1)) == []
    assert [path.name for path in incoming.iterdir()] == ["of a server beside us"]
    assert (await store.local(digest)).read_bytes() == b"whole"


async def test_of_what_was_put_too_often_the_oldest_goes_however_many_see_to_it(
    store: FileArtifactStore, tmp_path: Path
) -> None:
    for _ in range(4):
        digest = (await store.put(pieces(b"same"), limit=LIMIT)).digest
    one, two, three, _ = sorted((tmp_path / "artifacts").glob("??/*.*"))
    for put in (one, two, three):
        os.utime(put, (0, 0))
    before = datetime.now(UTC) - timedelta(days=1)
    assert await store.held(before) == [Held(digest, 3, 4)]
    others = [FileArtifactStore(tmp_path / "artifacts") for _ in range(3)]
    assert await asyncio.gather(*(each.release(digest, named=1, before=before) for each in others)) == [0, 0, 0]
    assert [held.puts for held in await store.held(before)] == [1]
    # The one that is new is somebody's who is about to name it.
    assert await store.release(digest, named=0, before=before) == 0
    assert (await store.local(digest)).read_bytes() == b"same"
    assert await store.release(digest, named=0, before=datetime.now(UTC) + timedelta(days=1)) == 4
    assert files_below(tmp_path) == []


async def test_an_empty_upload_is_an_artifact_too(store: FileArtifactStore) -> None:
    artifact = await store.put(pieces(), limit=LIMIT)

    assert artifact.size == 0
    assert (await store.local(artifact.digest)).read_bytes() == b""


async def test_refuses_what_is_too_large_and_leaves_nothing(store: FileArtifactStore, tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="1 MiB"):
        await store.put(pieces(b"x" * LIMIT, b"y"), limit=LIMIT)

    assert files_below(tmp_path) == []


async def test_takes_exactly_the_limit(store: FileArtifactStore) -> None:
    assert (await store.put(pieces(b"x" * LIMIT), limit=LIMIT)).size == LIMIT


async def test_a_broken_upload_leaves_nothing(store: FileArtifactStore, tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError):
        await store.put(broken(b"half"), limit=LIMIT)

    assert files_below(tmp_path) == []


async def test_a_full_disk_is_said_and_leaves_nothing(
    store: FileArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull, match="no space"):
        await store.put(pieces(b"data"), limit=LIMIT)

    assert files_below(tmp_path) == []


async def test_removed_is_gone_and_removing_twice_is_fine(store: FileArtifactStore) -> None:
    artifact = await store.put(pieces(b"data"), limit=LIMIT)
    await store.remove(artifact.digest)
    await store.remove(artifact.digest)

    assert await store.find(artifact.digest) is None
    with pytest.raises(NotFound):
        await store.read(artifact.digest)
    with pytest.raises(NotFound):
        await store.local(artifact.digest)


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:../../etc/passwd", "sha256:" + "G" * 64, "md5:" + "0" * 32])
async def test_what_is_no_digest_never_becomes_a_path(store: FileArtifactStore, digest: str) -> None:
    with pytest.raises(InvalidInput):
        await store.find(digest)
    with pytest.raises(InvalidInput):
        await store.local(digest)
