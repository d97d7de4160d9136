"""What every store of artifacts promises: what goes in comes out, whole or not at all."""

import asyncio
import hashlib
import os
import time
from datetime import UTC, datetime, timedelta

import pytest

from firefly.artifacts import ArtifactStore, Held
from firefly.errors import InvalidInput, NotFound, TooLarge
from tests.support.waiting import eventually

from .bodies import broken, pieces, read
from .conftest import Ground

LIMIT = 1 << 20
DAY = timedelta(days=1)


async def a_moment_later() -> datetime:
    """Between what was written until now and what will be: the clock of files ticks a little slower."""
    begun = time.time()
    await eventually(lambda: time.time() > begun + 0.05)
    moment = datetime.now(UTC)
    await eventually(lambda: time.time() > begun + 0.1)
    return moment


async def test_named_by_the_sha256_of_its_bytes(store: ArtifactStore) -> None:
    artifact = await store.put(pieces(b"one", b"two"), limit=LIMIT)
    assert artifact.digest == "sha256:" + hashlib.sha256(b"onetwo").hexdigest()
    assert artifact.size == 6
    assert await store.find(artifact.digest) == artifact


@pytest.mark.parametrize("size", [0, 700_000, (17 << 20) + 3])
async def test_reads_back_the_same_bytes(store: ArtifactStore, ground: Ground, size: int) -> None:
    content = os.urandom(size)
    artifact = await store.put(pieces(content[:9], content[9:]), limit=size)
    assert artifact.size == size
    assert await read(store, artifact.digest) == content
    async with store.local(artifact.digest) as path:
        assert path.read_bytes() == content
    assert not any(ground.incoming.iterdir())


async def test_what_two_people_put_is_there_until_both_have_removed_it(store: ArtifactStore, ground: Ground) -> None:
    digest = (await store.put(pieces(b"same"), limit=LIMIT)).digest
    assert (await store.put(pieces(b"sa", b"me"), limit=LIMIT)).digest == digest
    assert await store.puts(digest) == 2
    await store.remove(digest)
    assert await read(store, digest) == b"same"
    await (await ground.another()).remove(digest)
    assert ground.files() == []
    await store.remove(digest)


async def test_many_who_put_the_same_at_once_are_all_counted(store: ArtifactStore, ground: Ground) -> None:
    other = await ground.another()
    put = await asyncio.gather(*((store, other)[i % 2].put(pieces(b"same"), limit=LIMIT) for i in range(8)))
    digest = put[0].digest
    assert await store.listed() == [Held(digest, 8, 4)]
    for _ in range(8):
        assert await read(other, digest) == b"same"
        await store.remove(digest)
    assert ground.files() == []


async def test_of_what_was_put_too_often_the_oldest_goes_however_many_see_to_it(
    store: ArtifactStore, ground: Ground
) -> None:
    for _ in range(3):
        digest = (await store.put(pieces(b"same"), limit=LIMIT)).digest
    before = await a_moment_later()
    await store.put(pieces(b"same"), limit=LIMIT)
    assert await store.held(before) == [Held(digest, 3, 4)]
    others = [await ground.another() for _ in range(3)]
    await asyncio.gather(*(each.release(digest, named=1, before=before) for each in others))
    assert [held.puts for held in await store.held(before)] == [1]
    # The one that is new is somebody's who is about to name it.
    await store.release(digest, named=0, before=before)
    assert await store.puts(digest) == 1
    assert await read(store, digest) == b"same"
    assert await store.release(digest, named=0, before=datetime.now(UTC) + DAY) == 4
    assert ground.files() == []


async def test_what_a_killed_server_was_receiving_is_cleared_away(store: ArtifactStore, ground: Ground) -> None:
    digest = (await store.put(pieces(b"whole"), limit=LIMIT)).digest
    for name, written_at in (("half", 0.0), ("of a server beside us", time.time())):
        (ground.incoming / name).write_bytes(b"half")
        os.utime(ground.incoming / name, (written_at, written_at))
    assert await store.held(datetime.now(UTC) - DAY) == []
    assert [path.name for path in ground.incoming.iterdir()] == ["of a server beside us"]
    assert await read(store, digest) == b"whole"


async def test_refuses_what_is_too_large_and_leaves_nothing(store: ArtifactStore, ground: Ground) -> None:
    with pytest.raises(TooLarge, match="1 MiB"):
        await store.put(pieces(b"x" * LIMIT, b"y"), limit=LIMIT)
    assert ground.files() == []
    assert (await store.put(pieces(b"x" * LIMIT), limit=LIMIT)).size == LIMIT


async def test_a_broken_upload_leaves_nothing(store: ArtifactStore, ground: Ground) -> None:
    with pytest.raises(ConnectionResetError):
        await store.put(broken(b"half"), limit=LIMIT)
    assert ground.files() == []


async def test_removed_is_gone_and_removing_twice_is_fine(store: ArtifactStore) -> None:
    artifact = await store.put(pieces(b"data"), limit=LIMIT)
    await store.remove(artifact.digest)
    await store.remove(artifact.digest)
    assert await store.find(artifact.digest) is None
    assert await store.puts(artifact.digest) == 0
    with pytest.raises(NotFound):
        await store.read(artifact.digest)
    with pytest.raises(NotFound):
        async with store.local(artifact.digest):
            pass


async def test_what_is_no_digest_never_becomes_a_path(store: ArtifactStore) -> None:
    for digest in ("", "sha256:", "sha256:../../etc/passwd", "sha256:" + "G" * 64, "md5:" + "0" * 32):
        with pytest.raises(InvalidInput):
            await store.find(digest)
        with pytest.raises(InvalidInput):
            async with store.local(digest):
                pass
