"""Orders at a real authority, Debian's pebble: both proofs, the account, and the sentence for what goes wrong."""

import asyncio
import stat
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web

from firefly.errors import Unavailable
from firefly.tls import Pair, Shelf
from firefly.tls.certificate import read
from firefly.tls.orders import AcmeAuthority
from firefly.tls.proofs import HookProof, PageProof
from tests.support.certificates import TestAuthority
from tests.support.pebble import Pebble, needs_pebble
from tests.support.ports import free_port

from .conftest import greeter

pytestmark = [needs_pebble, pytest.mark.timeout(180), pytest.mark.xdist_group("pebble")]


@pytest.fixture(scope="module")
def pebble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    with Pebble(tmp_path_factory.mktemp("pebble")) as running:
        yield running


@pytest.fixture
def acme(pebble: Pebble, tmp_path: Path) -> AcmeAuthority:
    return AcmeAuthority(pebble.directory, folder=tmp_path / "account", email="op@firefly.test", roots=pebble.roots)


@pytest.fixture
async def pages(pebble: Pebble) -> AsyncIterator[PageProof]:
    """Shown where pebble looks for them."""
    proof = PageProof()
    app = web.Application()
    app.router.add_get("/.well-known/acme-challenge/{token}", partial(show, proof))
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", pebble.http_port).start()
    yield proof
    await runner.cleanup()


async def show(pages: Mapping[str, str], request: web.Request) -> web.Response:
    return web.Response(text=pages[request.match_info["token"]])


def keep(data: bytes, folder: Path) -> Pair:
    path = folder / "ordered.pem"
    path.write_bytes(data)
    return Pair(path, path)


async def test_a_host_is_proven_by_a_page(
    acme: AcmeAuthority, pages: PageProof, pebble: Pebble, authority: TestAuthority, tmp_path: Path
) -> None:
    data = await asyncio.to_thread(acme.order, ["firefly.test"], pages)
    pair = keep(data, tmp_path)
    assert read(pair).names == ("firefly.test",)
    assert not pages, "the page is taken away again"
    async with greeter(Shelf([pair]), authority) as server:
        assert await server.names("firefly.test", pebble.client()) == {"firefly.test"}


async def test_a_wildcard_is_proven_by_dns(acme: AcmeAuthority, pebble: Pebble, tmp_path: Path) -> None:
    data = await asyncio.to_thread(acme.order, ["*.preview.test"], HookProof(pebble.hook))
    assert read(keep(data, tmp_path)).names == ("*.preview.test",)
    assert pebble.hooked[-2:] == ["set _acme-challenge.preview.test", "remove _acme-challenge.preview.test"]


async def test_the_account_is_kept_for_its_owner_alone_and_used_again(
    acme: AcmeAuthority, pages: PageProof, pebble: Pebble, tmp_path: Path
) -> None:
    await asyncio.to_thread(acme.order, ["one.test"], pages)
    kept = {path.name: path.read_bytes() for path in (tmp_path / "account").iterdir()}
    assert set(kept) == {"account.key", "account.json"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "account").iterdir()} == {0o600}
    again = AcmeAuthority(pebble.directory, folder=tmp_path / "account", roots=pebble.roots)
    await asyncio.to_thread(again.order, ["two.test"], pages)
    assert {path.name: path.read_bytes() for path in (tmp_path / "account").iterdir()} == kept


async def test_an_account_whose_answer_was_lost_is_found_by_its_key(
    acme: AcmeAuthority, pages: PageProof, tmp_path: Path
) -> None:
    await asyncio.to_thread(acme.order, ["one.test"], pages)
    kept = (tmp_path / "account/account.json").read_bytes()
    (tmp_path / "account/account.json").unlink()
    assert await asyncio.to_thread(acme.order, ["two.test"], pages)
    uri = b'"uri": "'
    found = (tmp_path / "account/account.json").read_bytes()
    assert found.partition(uri)[2].partition(b'"')[0] == kept.partition(uri)[2].partition(b'"')[0]


async def test_an_authority_that_forgot_the_account_gets_a_new_one_the_next_time(
    acme: AcmeAuthority, pages: PageProof, tmp_path: Path
) -> None:
    await asyncio.to_thread(acme.order, ["one.test"], pages)
    path = tmp_path / "account/account.json"
    path.write_bytes(path.read_bytes().replace(b"/my-account/", b"/my-account/999"))
    (tmp_path / "account/account.key").unlink()
    with pytest.raises(Unavailable):
        await asyncio.to_thread(acme.order, ["two.test"], pages)
    assert await asyncio.to_thread(acme.order, ["two.test"], pages)


async def test_a_proof_that_is_not_seen_is_told_with_the_authoritys_reason(
    acme: AcmeAuthority, pages: PageProof
) -> None:
    class Elsewhere(PageProof):
        """Shows nothing where the authority looks."""

    with pytest.raises(Unavailable, match=r"could not see the proof\. lost\.test: ") as caught:
        await asyncio.to_thread(acme.order, ["lost.test"], Elsewhere())
    assert "\n" not in caught.value.detail


async def test_a_page_does_not_prove_a_wildcard(acme: AcmeAuthority) -> None:
    with pytest.raises(Unavailable, match="does not accept http-01 for preview"):
        await asyncio.to_thread(acme.order, ["*.preview.test"], PageProof())


async def test_a_hook_that_fails_is_told(acme: AcmeAuthority) -> None:
    with pytest.raises(Unavailable, match="The DNS hook ended with 1: it said nothing"):
        await asyncio.to_thread(acme.order, ["*.preview.test"], HookProof("false"))


async def test_an_authority_that_nobody_vouches_for_is_not_believed(pebble: Pebble, tmp_path: Path) -> None:
    stranger = AcmeAuthority(pebble.directory, folder=tmp_path / "account")
    with pytest.raises(Unavailable, match="cannot be reached: SSLError"):
        await asyncio.to_thread(stranger.order, ["firefly.test"], PageProof())


async def test_an_authority_that_is_away_is_told(pebble: Pebble, tmp_path: Path) -> None:
    nobody = AcmeAuthority(f"https://127.0.0.1:{free_port()}/dir", folder=tmp_path / "account", roots=pebble.roots)
    with pytest.raises(Unavailable, match="cannot be reached: ConnectionError"):
        await asyncio.to_thread(nobody.order, ["firefly.test"], PageProof())


async def test_what_is_no_authority_is_told(pages: PageProof, pebble: Pebble, tmp_path: Path) -> None:
    wrong = AcmeAuthority(f"http://127.0.0.1:{pebble.http_port}/nothing", folder=tmp_path / "account")
    with pytest.raises(Unavailable, match="The order failed: "):
        await asyncio.to_thread(wrong.order, ["firefly.test"], pages)
