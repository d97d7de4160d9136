"""A front door whose replica is out of touch with the database: nothing private passes, and nobody learns what is."""

import pytest

from firefly.proxy import Verdict
from firefly.routes import Access, Route
from tests.support.waiting import eventually

from .house import HOST, OTHER, House
from .tunneling import accept_and_echo, open_tunnel

PUBLIC = "open--ann.preview.localhost"


@pytest.fixture
async def stale(house: House) -> House:
    house.table.put(Route(PUBLIC, house.target, None, Access.PUBLIC))
    house.door.stale = True
    return house


async def test_a_private_route_is_not_served_and_looks_like_none(stale: House) -> None:
    stale.gate.verdicts[HOST] = Verdict.MEMBER
    known, unknown = await stale.ask("/page"), await stale.ask("/page", host=OTHER)
    assert (known.status, known.fields["retry-after"]) == (503, "5")
    known.fields.pop("content-length")
    unknown.fields.pop("content-length")
    assert (unknown.status, unknown.fields) == (known.status, known.fields)
    assert b"does not reach its database" in known.body
    assert stale.upstream.bytes == b""


@pytest.mark.parametrize("verdict", [Verdict.MEMBER, Verdict.RENEW, Verdict.ASK, Verdict.REFUSE])
async def test_whatever_the_gate_would_say_a_public_route_is_served(stale: House, verdict: Verdict) -> None:
    stale.gate.verdicts[PUBLIC] = verdict
    assert (await stale.ask("/page", host=PUBLIC)).status == 200


async def test_a_public_route_has_no_service_workers_either(stale: House) -> None:
    stale.gate.verdicts[PUBLIC] = Verdict.NO_WORKER
    assert (await stale.ask("/sw.js", host=PUBLIC)).status != 200
    assert stale.upstream.bytes == b""


async def test_the_app_and_the_doors_of_previews_are_asked_as_ever(stale: House) -> None:
    assert (await stale.ask("/x", host="localhost")).status == 200
    assert (await stale.ask("/.firefly/access")).status == 200
    assert stale.app.requests == ["GET /x", "GET /.firefly/access"]


async def test_tunnels_to_private_routes_end_and_public_ones_stay(house: House) -> None:
    house.table.put(Route(PUBLIC, house.target, None, Access.PUBLIC))
    house.upstream.behaviour = accept_and_echo
    private, public = await open_tunnel(house), await open_tunnel(house, host=PUBLIC)
    house.gate.standing = True
    house.door.stale = True
    assert await private.rest() == b"welcome "
    public.send(b"still")
    assert await public.reader.readexactly(13) == b"welcome still"
    assert await eventually(lambda: house.door.counters["tunnels"] == 1)


async def test_it_serves_again_when_all_is_known(stale: House) -> None:
    assert (await stale.ask()).status == 503
    stale.door.stale = False
    assert not stale.door.stale
    assert (await stale.ask()).body == b"GET / HTTP/1.1"
