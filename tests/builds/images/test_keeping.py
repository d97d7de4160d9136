"""Images as artifacts: named at once, stored the same way whoever built them, and had from the store again."""

import json
import tarfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from io import BytesIO
from pathlib import Path

import pytest

from firefly.artifacts import FileArtifactStore
from firefly.builds.clearing.old_artifacts import OldArtifacts
from firefly.builds.images.archive import canonical
from firefly.builds.images.clearing import Clearing
from firefly.builds.images.keeping import Keeping
from firefly.builds.packing.artifacts import Artifacts
from firefly.builds.packing.room import ArtifactRoom
from firefly.errors import Conflict, NotFound, TooLarge
from firefly.sandbox.docker.images import Images
from firefly.store import Database
from firefly.testing.clock import ManualClock
from tests.builds.holding import some_hold
from tests.builds.images.conftest import Workshop
from tests.support.engine import needs_engine

pytestmark = needs_engine

DOCKERFILE = 'FROM scratch\nCOPY one /one\nCOPY two /two\nCMD ["/one"]\n'
FILES = {"Dockerfile": DOCKERFILE, "one": "1", "two": "2"}
FOLDER_KEPT = "FROM {base}\nRUN --mount=type=cache,target=/kept head -c 8M /dev/zero > /kept/file\n"


Open = Callable[[], Keeping]


@pytest.fixture
def opening(workshop: Workshop, database: Database, clock: ManualClock, tmp_path: Path) -> Open:
    """What each server has of it."""
    return lambda: Keeping(
        database=database, store=FileArtifactStore(tmp_path / "artifacts"), images=Images(workshop.client),
        clock=clock, folder=tmp_path / "images", quiet=0,
    )  # fmt: skip


@pytest.fixture
async def keeping(opening: Open) -> AsyncIterator[Keeping]:
    made = opening()
    yield made
    await made.close()


async def whole(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


async def test_an_image_is_named_at_once_stored_a_little_later_and_had_again(
    workshop: Workshop, keeping: Keeping, database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    image = await workshop.make(FILES)
    product = await keeping.add(image, await some_hold(database))
    assert (product.digest, product.kind) == (image.id, "image")
    with pytest.raises(NotFound):
        await keeping.read(image.id)
    await keeping.settled()
    async with aclosing(await keeping.read(image.id)) as pieces:
        stored = await whole(pieces)
    with tarfile.open(fileobj=BytesIO(stored)) as archive:
        names = archive.getnames()
        (manifest,) = json.load(archive.extractfile("manifest.json"))  # type: ignore[arg-type]
    assert names[:2] == ["manifest.json", f"{image.id.removeprefix('sha256:')}.json"]
    assert manifest["RepoTags"] is None
    assert set(manifest["Layers"]) == set(names[2:])
    assert list((tmp_path / "images").iterdir()) == []

    images = Images(workshop.client)
    images.source = keeping
    async with workshop.client.calling() as docker:
        await docker.images.delete(image.id)
    assert await images.find(image.id) is None
    await images.ensure(image.id)
    # Saved again by the engine that loaded it, it is the same to the byte.
    async with images.saved(image.id) as saved, aclosing(canonical(saved, image.id, tmp_path, most=1 << 30)) as again:
        assert await whole(again) == stored
    # As an artifact it goes, with what is stored of it, once nothing names it.
    artifacts = Artifacts(database, keeping._store, clock)
    clock.advance(2 * 86400)
    assert (await OldArtifacts(database, artifacts, ArtifactRoom(most=0)).clear(dry=False)).count == 1
    assert list((tmp_path / "artifacts").glob("??/*")) == []


async def test_what_an_earlier_server_had_not_stored_is_stored_by_the_next(
    workshop: Workshop, keeping: Keeping, opening: Open, database: Database
) -> None:
    image = await workshop.make({**FILES, "two": "another"})
    await keeping.add(image, await some_hold(database))
    await keeping.close()
    following = opening()
    with pytest.raises(NotFound):
        await following.read(image.id)
    await following.sweep()
    await (await following.read(image.id)).aclose()


async def test_what_is_saved_as_another_image_is_refused(workshop: Workshop, tmp_path: Path) -> None:
    image = await workshop.make(FILES)
    async with Images(workshop.client).saved(image.id) as saved:
        with pytest.raises(Conflict, match="another digest"):
            await whole(canonical(saved, f"sha256:{'0' * 64}", tmp_path, most=1 << 30))
    assert not (tmp_path / "saved.tar").exists()


async def test_of_an_image_without_end_no_more_is_written_than_may_be_kept(tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1 << 16)

    with pytest.raises(TooLarge):
        await whole(canonical(endless(), f"sha256:{'0' * 64}", tmp_path, most=1 << 20))
    assert (tmp_path / "saved.tar").stat().st_size <= 1 << 20


async def test_what_no_site_shows_leaves_the_engine_once_it_is_stored(
    workshop: Workshop, keeping: Keeping, database: Database, clock: ManualClock
) -> None:
    images = Images(workshop.client)
    shown, unstored = await workshop.make(FILES), await workshop.make({**FILES, "two": "not stored"})
    await workshop.make({"Dockerfile": FOLDER_KEPT})
    assert await _folders_kept(workshop) >= 8 << 20
    clearing = Clearing(
        database=database, engine=workshop.client, clock=clock, cache=1, installation=workshop.installation
    )
    clock.advance(time.time() - clock.time())
    hold = await some_hold(database)
    for image in (shown, unstored):
        await keeping.add(image, hold)
    await keeping.settled()
    async with database.connection() as connection:
        await connection.execute("update artifacts set stored = '' where digest = $1", unstored.id)
    assert await clearing.images() == 0
    clock.advance(2 * 3600)
    would = await clearing.clear(dry=True)
    assert (would.count, would.bytes > 8 << 20) == (2, True)
    assert await clearing.images() == 2
    assert await images.find(shown.id) is None
    assert await images.find(unstored.id) is not None
    assert await clearing.steps() > 8 << 20
    assert await clearing.steps() == 0
    assert await _folders_kept(workshop) == 0


async def _folders_kept(workshop: Workshop) -> int:
    """Bytes of those that Dockerfiles mount to keep something in."""
    kept = (await workshop.client.call("GET", "system/df"))["BuildCache"] or ()
    return sum(one["Size"] for one in kept if one["Type"] == "exec.cachemount")
