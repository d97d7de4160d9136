"""What builds made, in the store: by content, whole, and no longer than somebody names it."""

import random
import tracemalloc
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from firefly.artifacts import FileArtifactStore
from firefly.builds.clearing.old_artifacts import OldArtifacts
from firefly.builds.packing.artifacts import Artifacts
from firefly.builds.packing.compression import Measured, decompressed
from firefly.builds.packing.room import ArtifactRoom
from firefly.errors import Conflict, HoldLost, NotFound, TooLarge
from firefly.store import Database
from firefly.testing.clock import ManualClock
from tests.builds.holding import some_hold
from tests.builds.yard import Yard

CONTENT = random.Random(1).randbytes(3_000_000) + b"x" * 3_000_000


async def pieces(content: bytes, size: int = 100_000) -> AsyncGenerator[bytes, None]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


@pytest.fixture
def artifacts(database: Database, clock: ManualClock, tmp_path: Path) -> Artifacts:
    return Artifacts(database, FileArtifactStore(tmp_path / "store"), clock)


def stored(folder: Path) -> list[Path]:
    return [path for path in (folder / "store").glob("??/*") if path.suffix == ""]


async def test_the_same_content_is_kept_once_and_read_as_it_was(
    artifacts: Artifacts, database: Database, tmp_path: Path
) -> None:
    hold = await some_hold(database)
    first = await artifacts.add(pieces(CONTENT), "archive", hold)
    second = await artifacts.add(pieces(CONTENT, 7_777), "archive", hold)
    assert first == second
    assert first.size == len(CONTENT)
    kept = await artifacts.get(first.digest)
    assert kept.stored_size < 3_100_000
    assert len(stored(tmp_path)) == 1
    async with aclosing(await artifacts.read(first.digest)) as body:
        read = [piece async for piece in body]
    assert b"".join(read) == CONTENT
    assert max(map(len, read)) <= 1 << 20
    with pytest.raises(NotFound):
        await artifacts.read("sha256:" + "0" * 64)
    # What is lost of it comes back with whoever makes the same again.
    for path in (tmp_path / "store").glob("??/*"):
        path.unlink()
    await artifacts.add(pieces(CONTENT), "archive", hold)
    await (await artifacts.read(first.digest)).aclose()
    assert len(stored(tmp_path)) == 1


async def test_a_few_bytes_that_stand_for_very_many_fill_no_memory() -> None:
    zeros = bytes(1 << 20)
    nothing = Measured((zeros async for _ in pieces(bytes(512), 1)), limit=1 << 30)
    whole = b"".join([piece async for piece in nothing.compressed()])
    assert len(whole) < 1 << 18
    tracemalloc.start()
    size = sum([len(piece) async for piece in decompressed(pieces(whole, len(whole)))])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (size, peak < 100 << 20) == (512 << 20, True), peak


async def test_bytes_that_are_not_whole_or_too_many_are_told(tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        async for _ in Measured(pieces(CONTENT), limit=1000).compressed():
            pass
    whole = b"".join([piece async for piece in Measured(pieces(CONTENT), limit=1 << 30).compressed()])

    async def read(data: bytes) -> int:
        return sum([len(piece) async for piece in decompressed(pieces(data))])

    assert await read(whole) == len(CONTENT)
    for broken in (whole[:-1], whole[: len(whole) // 2], b"x" + whole, whole[:1000] + b"\0" + whole[1001:]):
        with pytest.raises(Conflict):
            await read(broken)


async def test_what_no_build_names_is_removed_when_it_is_old(
    artifacts: Artifacts, yard: Yard, clock: ManualClock, tmp_path: Path
) -> None:
    unnamed = OldArtifacts(yard.database, artifacts, ArtifactRoom(most=0))
    hold = await some_hold(yard.database)
    named, other = [await artifacts.add(pieces(content), "archive", hold) for content in (b"named", b"other")]
    with pytest.raises(HoldLost):
        await artifacts.add(pieces(b"somebody else's"), "archive", replace(hold, epoch=hold.epoch + 1))
    assert len(stored(tmp_path)) == 2
    project_id = await yard.project(await yard.person("ada"))
    build = await yard.ask(project_id)
    await yard.execute(
        "update builds set artifact = $2, build_key = 'key', state = 'succeeded', ended_at = now() where id = $1",
        build.id, named.digest,
    )  # fmt: skip
    found = await artifacts.find("key")
    assert found is not None
    assert (found.build_id, found.product) == (build.id, named)
    assert await artifacts.find("another") is None
    name = (await artifacts.get(named.digest)).stored.removeprefix("sha256:")
    path = tmp_path / "store" / name[:2] / name[2:]
    hidden = path.rename(path.with_suffix(".hidden"))
    assert await artifacts.find("key") is None
    hidden.rename(path)
    assert (await unnamed.clear(dry=False)).count == 0
    clock.advance(timedelta(days=2).total_seconds())
    assert (await unnamed.clear(dry=False)).count == 1
    assert len(stored(tmp_path)) == 1
    with pytest.raises(NotFound):
        await artifacts.get(other.digest)
    # With its project a build goes, and what it made.
    await yard.execute("delete from projects where id = $1", project_id)
    assert (await unnamed.clear(dry=False)).count == 1
    assert not stored(tmp_path)
