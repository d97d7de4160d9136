"""A bucket as it is configured: what is wrong is said at the start, keys and authorities are had where they are."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from firefly.artifacts import opened, opening
from firefly.errors import InvalidInput
from firefly.settings import Settings
from firefly.testing.meddler import Fault, Meddler
from tests.support.certificates import TestAuthority
from tests.support.ports import free_port
from tests.support.s3 import KEY, S3Server, s3_server

from .bodies import pieces, read
from .conftest import configured

pytestmark = pytest.mark.usefixtures("quick")
SMALL = 1 << 18


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
        detail = await refusal(configured(s3, tmp_path, prefix, **wrong))
        assert words in detail
        assert detail.startswith("FIREFLY_ARTIFACTS: ")
        assert "the-key-of" not in detail
    for code, status, method, words in (
        ("AuthorizationHeaderMalformed", 400, "GET", "another region than us-east-1: correct FIREFLY_S3_REGION"),
        ("AccessDenied", 403, "POST", "does not let the key write"),
        ("AccessDenied", 403, "DELETE", "does not let the key"),
    ):
        meddler.plan(Fault.REFUSE, method, times=3, code=code, status=status)
        assert words in await refusal(configured(s3, tmp_path, prefix, s3_endpoint=meddler.url))
        meddler.plans.clear()


async def test_the_key_may_be_in_awss_variables_and_files(
    s3: S3Server, tmp_path: Path, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = configured(s3, tmp_path, prefix)
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
    given = configured(strict, tmp_path, prefix)
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
            given = configured(server, tmp_path, prefix, s3_style="virtual", s3_endpoint="http://s3.test")
            async with opened(given) as store:
                digest = (await store.put(pieces(b"one"), limit=SMALL)).digest
                assert await read(store, digest) == b"one"
        assert proxy.hosts == {"artifacts.s3.test"}


async def test_without_the_package_it_says_what_to_install(
    s3: S3Server, tmp_path: Path, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiobotocore", None)
    assert "pip install 'firefly-studio[s3]'" in await refusal(configured(s3, tmp_path, prefix))


async def test_who_has_no_bucket_does_not_load_what_it_takes() -> None:
    words = "import sys, firefly.artifacts; print([name for name in sys.modules if 'botocore' in name])"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", words, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert (process.returncode, out.strip()) == (0, b"[]")
