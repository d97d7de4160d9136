"""S3ArtifactStore: what it does where S3, or what lies before it, goes wrong."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firefly.artifacts import ArtifactStore, bucket, opened
from firefly.artifacts import s3 as s3_store
from firefly.errors import Conflict, NotFound, Unavailable
from firefly.testing.meddler import Fault, Meddler
from tests.support.s3 import S3Server
from tests.support.waiting import eventually

from .bodies import pieces, read
from .conftest import configured

pytestmark = pytest.mark.usefixtures("quick")
PART = 1 << 20
SMALL, LARGE = 1 << 18, 3 * PART + 5


@pytest.fixture
async def store(s3: S3Server, meddler: Meddler, tmp_path: Path, prefix: str) -> AsyncIterator[ArtifactStore]:
    async with opened(configured(s3, tmp_path, prefix, s3_endpoint=meddler.url)) as made:
        meddler.asked.clear()
        yield made


async def into(got: bytearray, body: AsyncIterator[bytes]) -> None:
    async for piece in body:
        got += piece


def left(s3: S3Server, prefix: str) -> list[Path]:
    return [path for path in s3.files(prefix).rglob("*") if path.is_file()]


async def test_large_ones_go_in_parts_of_which_few_are_in_memory(
    store: ArtifactStore, meddler: Meddler, s3: S3Server, prefix: str
) -> None:
    content = os.urandom(7 * PART + 5)
    meddler.plan(Fault.HOLD, "PUT", times=8)
    putting = asyncio.create_task(store.put(pieces(content), limit=len(content)))
    await eventually(lambda: meddler.most == bucket.AT_ONCE)
    meddler.gate.set()
    artifact = await putting
    assert sum("partNumber" in asked for asked in meddler.asked) == 8
    assert meddler.most == bucket.AT_ONCE
    assert [path.stat().st_size for path in left(s3, prefix)] == [artifact.size]


async def test_a_download_that_breaks_goes_on_where_it_broke(store: ArtifactStore, meddler: Meddler) -> None:
    content = os.urandom(LARGE)
    digest = (await store.put(pieces(content), limit=LARGE)).digest
    meddler.plan(Fault.CUT, "GET", digest[9:] + "/", times=3)
    assert await read(store, digest) == content
    assert sum(asked.startswith("GET") and digest[9:] + "/" in asked for asked in meddler.asked) == 4
    meddler.plan(Fault.CUT, "GET", digest[9:] + "/", times=1)
    async with store.local(digest) as path:
        assert path.read_bytes() == content


async def test_what_is_damaged_there_or_on_the_way_is_never_given_out_whole(
    store: ArtifactStore, meddler: Meddler, tmp_path: Path
) -> None:
    content = os.urandom(SMALL)
    digest = (await store.put(pieces(content), limit=LARGE)).digest
    meddler.plan(Fault.DAMAGE, "GET", digest[9:] + "/", times=2)
    got = bytearray()
    with pytest.raises(Conflict, match="damaged"):
        await into(got, await store.read(digest))
    assert len(got) < len(content)
    with pytest.raises(Conflict, match="damaged"):
        async with store.local(digest):
            pass
    assert not any((tmp_path / "artifacts" / "incoming").iterdir())
    assert await read(store, digest) == content


async def test_of_an_answer_without_end_no_more_is_kept_than_was_put(store: ArtifactStore, meddler: Meddler) -> None:
    digest = (await store.put(pieces(b"one"), limit=SMALL)).digest
    meddler.plan(Fault.LENGTHEN, "GET", digest[9:] + "/", times=2)
    assert await read(store, digest) == b"one"
    async with store.local(digest) as path:
        assert path.read_bytes() == b"one"


async def test_a_list_whose_figures_are_none_is_no_answer(store: ArtifactStore, meddler: Meddler) -> None:
    digest = (await store.put(pieces(b"one"), limit=SMALL)).digest
    meddler.plan(Fault.FIGURES, "GET", "list-type")
    with pytest.raises(Unavailable):
        await store.find(digest)
    assert await store.find(digest)


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_what_is_damaged_on_the_way_there_is_sent_again(
    store: ArtifactStore, meddler: Meddler, size: int
) -> None:
    content = os.urandom(size)
    meddler.plan(Fault.DAMAGE_REQUEST, "PUT")
    meddler.plan(Fault.REFUSE, "PUT")
    digest = (await store.put(pieces(content), limit=size)).digest
    assert await read(store, digest) == content


async def test_a_whole_body_waits_for_a_service_that_is_away(
    store: ArtifactStore, meddler: Meddler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_store, "PATIENCE", 60.0)
    meddler.plan(Fault.REFUSE, "PUT", times=3)
    digest = (await store.put(pieces(b"one"), limit=SMALL)).digest
    assert await read(store, digest) == b"one"
    assert await store.puts(digest) == 1


async def test_an_upload_whose_last_answer_is_lost_is_there_once(
    store: ArtifactStore, meddler: Meddler, s3: S3Server, prefix: str
) -> None:
    content = os.urandom(LARGE)
    meddler.plan(Fault.LOSE, "POST", "uploadId")
    digest = (await store.put(pieces(content), limit=LARGE)).digest
    assert await store.puts(digest) == 1
    assert await read(store, digest) == content


async def test_an_upload_that_fails_or_is_cancelled_leaves_nothing(
    store: ArtifactStore, meddler: Meddler, s3: S3Server, prefix: str
) -> None:
    meddler.plan(Fault.REFUSE, "PUT", "partNumber=2", times=2)
    with pytest.raises(Unavailable):
        await store.put(pieces(bytes(LARGE)), limit=LARGE)
    meddler.plan(Fault.HOLD, "PUT", "partNumber=3")
    putting = asyncio.create_task(store.put(pieces(bytes(LARGE)), limit=LARGE))
    await meddler.held.wait()
    assert await store.listed() == []
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    meddler.gate.set()
    meddler.plan(Fault.LOSE, "PUT", times=9)
    with pytest.raises(Unavailable):
        await store.put(pieces(b"arrived, and nobody was told"), limit=LARGE)
    assert await store.listed() == []
    assert left(s3, prefix) == []
    assert [asked.startswith("DELETE") for asked in meddler.asked].count(True) >= 3


async def test_uploads_that_a_killed_server_began_are_ended_when_they_are_old(
    store: ArtifactStore, meddler: Meddler, s3: S3Server, tmp_path: Path, prefix: str
) -> None:
    meddler.plan(Fault.HOLD, "PUT", times=4)
    putting = asyncio.create_task(store.put(pieces(bytes(LARGE)), limit=LARGE))
    await meddler.held.wait()
    async with opened(configured(s3, tmp_path, prefix)) as other:
        day = timedelta(days=1)
        for moment, begun in ((datetime.now(UTC) - day, 0), (datetime.now(UTC) + day, 1)):
            meddler.asked.clear()
            await store.held(moment)
            assert sum(asked.startswith("DELETE") for asked in meddler.asked) == begun
        meddler.gate.set()
        with pytest.raises((Unavailable, NotFound)):
            await putting
        assert await other.listed() == []


async def test_a_store_that_is_away_is_said_and_known_to_be_back(
    store: ArtifactStore, meddler: Meddler, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = (await store.put(pieces(b"one"), limit=SMALL)).digest
    assert store.available
    meddler.plan(Fault.REFUSE, "GET", times=6)
    with pytest.raises(Unavailable, match="does not answer just now") as caught:
        await store.find(digest)
    assert not store.available
    assert meddler.url not in caught.value.detail
    await eventually(lambda: store.available)
    assert await read(store, digest) == b"one"
