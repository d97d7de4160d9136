"""S3ArtifactStore: what it does where S3, or what lies before it, goes wrong."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex

import pytest

from firefly.artifacts import ArtifactStore, bucket, opened, opening, standing
from firefly.artifacts import s3 as store_of_s3
from firefly.errors import Conflict, InvalidInput, NotFound, Unavailable
from firefly.settings import Settings
from firefly.testing.meddler import Fault, Meddler
from tests.support.certificates import TestAuthority
from tests.support.ports import free_port
from tests.support.s3 import KEY, S3Server, s3_server
from tests.support.waiting import eventually

from .bodies import pieces, read

PART = 1 << 20
SMALL, LARGE = 1 << 18, 3 * PART + 5


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "PATIENCE", 0.0)
    monkeypatch.setattr(opening, "TRIES", 2)
    monkeypatch.setattr(bucket, "PAUSE", 0.001)
    monkeypatch.setattr(store_of_s3, "PATIENCE", 0.0)
    monkeypatch.setattr(store_of_s3, "PAUSE", 0.01)
    monkeypatch.setattr(bucket, "PART", PART)
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(standing, "PAUSE", 0.05)


@pytest.fixture
async def meddler(s3: S3Server) -> AsyncIterator[Meddler]:
    async with Meddler(s3.url).running() as made:
        yield made


@pytest.fixture
def prefix() -> str:
    return token_hex(8)


def settings(s3: S3Server, folder: Path, prefix: str, **more: object) -> Settings:
    return Settings.model_validate({"data_dir": folder, **s3.settings(prefix, **more)})


@pytest.fixture
async def store(s3: S3Server, meddler: Meddler, tmp_path: Path, prefix: str) -> AsyncIterator[ArtifactStore]:
    async with opened(settings(s3, tmp_path, prefix, s3_endpoint=meddler.url)) as made:
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
    artifact = await store.put(pieces(content), limit=len(content))
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
    monkeypatch.setattr(store_of_s3, "PATIENCE", 60.0)
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
    meddler.plan(Fault.HOLD, "PUT", "partNumber=1")
    putting = asyncio.create_task(store.put(pieces(bytes(LARGE)), limit=LARGE))
    await meddler.held.wait()
    async with opened(settings(s3, tmp_path, prefix)) as other:
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


async def refusal(given: Settings) -> str:
    with pytest.raises(InvalidInput) as caught:
        async with opened(given):
            pass
    return caught.value.detail


async def test_what_is_configured_wrongly_is_said_at_the_start_with_what_to_do(
    s3: S3Server, meddler: Meddler, tmp_path: Path, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "TRIES", 1)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    told = {
        "correct FIREFLY_S3_ACCESS_KEY": {"s3_secret_key": "wrong"},
        "does not know the id of the key": {"s3_access_key": "WRONG"},
        "There is no bucket nowhere": {"artifacts": "s3://nowhere/x"},
        "There is no key to the bucket": {"s3_access_key": "", "s3_secret_key": ""},
        "does not answer": {"s3_endpoint": f"http://127.0.0.1:{free_port()}"},
        "speaks no TLS": {"s3_endpoint": s3.url.replace("http:", "https:")},
    }
    for words, wrong in told.items():
        detail = await refusal(settings(s3, tmp_path, prefix, **wrong))
        assert words in detail
        assert detail.startswith("FIREFLY_ARTIFACTS: ")
        assert "the-key-of" not in detail
    for code, status, method, words in (
        ("AuthorizationHeaderMalformed", 400, "GET", "another region than us-east-1: correct FIREFLY_S3_REGION"),
        ("AccessDenied", 403, "POST", "does not let the key write"),
        ("AccessDenied", 403, "DELETE", "does not let the key"),
    ):
        meddler.plan(Fault.REFUSE, method, times=3, code=code, status=status)
        assert words in await refusal(settings(s3, tmp_path, prefix, s3_endpoint=meddler.url))
        meddler.plans.clear()


async def test_the_key_may_be_in_awss_variables_and_files(
    s3: S3Server, tmp_path: Path, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings(s3, tmp_path, prefix)
    without = given.model_copy(update={"s3_access_key": "", "s3_secret_key": ""})
    file = tmp_path / "credentials"
    file.write_text(f"[ours]\naws_access_key_id = {KEY}\naws_secret_access_key = {given.s3_secret_key}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_PROFILE", "ours")
    async with opened(without) as store:
        digest = (await store.put(pieces(b"one"), limit=SMALL)).digest
    monkeypatch.setenv("AWS_PROFILE", "nobodys")
    assert "nobodys" in await refusal(without)
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", given.s3_secret_key)
    async with opened(without) as store:
        assert await read(store, digest) == b"one"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority.make(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, authority: TestAuthority) -> Iterator[S3Server]:
    """By TLS, with buckets in its hosts' names."""
    pair = authority.issue("s3", "localhost", "artifacts.localhost")
    options = ("--cert", str(pair.certificate), "--key", str(pair.key))
    with s3_server(tmp_path_factory.mktemp("strict"), *options, scheme="https") as server:
        yield server


async def test_certificates_are_checked_by_what_the_machine_trusts(
    strict: S3Server, authority: TestAuthority, tmp_path: Path, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings(strict, tmp_path, prefix)
    assert "not one that this machine trusts" in await refusal(given)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))
    async with opened(given) as store:
        digest = (await store.put(pieces(b"one"), limit=SMALL)).digest
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.root))
    async with opened(given) as store:
        assert await read(store, digest) == b"one"


async def test_the_buckets_name_is_in_the_host_where_that_is_asked_for(
    tmp_path: Path, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server(tmp_path / "hosts", "--force-path-style=false") as server:
        async with Meddler(server.url).running() as proxy:
            # By a proxy, as no name below the service's is known here.
            monkeypatch.setenv("http_proxy", proxy.url)
            given = settings(server, tmp_path, prefix, s3_style="virtual", s3_endpoint="http://s3.test")
            async with opened(given) as store:
                digest = (await store.put(pieces(b"one"), limit=SMALL)).digest
                assert await read(store, digest) == b"one"
        assert proxy.hosts == {"artifacts.s3.test"}


async def test_without_the_package_it_says_what_to_install(
    s3: S3Server, tmp_path: Path, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiobotocore", None)
    assert "pip install 'firefly-studio[s3]'" in await refusal(settings(s3, tmp_path, prefix))


async def test_who_has_no_bucket_does_not_load_what_it_takes() -> None:
    words = "import sys, firefly.artifacts; print([name for name in sys.modules if 'botocore' in name])"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", words, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert (process.returncode, out.strip()) == (0, b"[]")
