"""Which requests on content hosts pass: whose, under which policy, and which page rides on whose cookie."""

import time
from dataclasses import replace
from ipaddress import ip_network
from uuid import uuid4

import pytest

from firefly.access import Policy
from firefly.auth import Kind
from firefly.errors import DatabaseUnavailable, Unauthenticated
from firefly.proxy import Verdict
from firefly.proxy.forwarded import TrustedProxies, Visitor
from firefly.routes import Access, Route, SandboxTarget

from .gating import (
    HOST,
    INSIDE,
    MINE,
    NAVIGATION,
    OTHER,
    OUTSIDE,
    POLICIES,
    ROUTES,
    SIBLING,
    VERSION,
    WEBSOCKET,
    House,
    credentials,
    head,
    house,
    route,
)

__all__ = ["house"]


def test_a_public_route_is_open(house: House) -> None:
    public = route(Access.PUBLIC)
    assert house.gate.decide(public, head()) is Verdict.ALLOW
    assert house.gate.decide(public, head(Cookie=house.cookie())) is Verdict.MEMBER


@pytest.mark.parametrize(
    ("path", "verdict"),
    [
        ("/healthz", Verdict.ALLOW),
        ("/healthz?deep=1", Verdict.ALLOW),
        ("/healthz/", Verdict.REFUSE),
        ("/healthz/x", Verdict.REFUSE),
        ("/Healthz", Verdict.REFUSE),
        ("/x/../healthz", Verdict.REFUSE),
        ("/healthz%2f..", Verdict.REFUSE),
        ("//healthz", Verdict.REFUSE),
        ("/", Verdict.REFUSE),
    ],
)
def test_a_public_path_is_that_path_alone(house: House, path: str, verdict: Verdict) -> None:
    house.policies[MINE] = POLICIES["public path"]
    assert house.gate.decide(route(), head(path=path)) is verdict
    assert house.gate.decide(route(), head("POST", path)) is verdict


@pytest.mark.parametrize(
    ("method", "fields", "verdict"),
    [
        ("OPTIONS", {"Origin": "https://a.example", "Access-Control-Request-Method": "PUT"}, Verdict.ALLOW),
        ("OPTIONS", {"Origin": "https://a.example"}, Verdict.REFUSE),
        ("OPTIONS", {"Access-Control-Request-Method": "PUT"}, Verdict.REFUSE),
        ("GET", {"Origin": "https://a.example", "Access-Control-Request-Method": "PUT"}, Verdict.REFUSE),
    ],
)
def test_preflights_may_be_public(house: House, method: str, fields: dict[str, str], verdict: Verdict) -> None:
    assert house.gate.decide(route(), head(method, **fields)) is Verdict.REFUSE
    house.policies[MINE] = POLICIES["preflights"]
    assert house.gate.decide(route(), head(method, **fields)) is verdict


@pytest.mark.parametrize(
    ("address", "network", "verdict"),
    [
        ("192.0.2.7", "192.0.2.7/32", Verdict.ALLOW),
        ("::ffff:192.0.2.7", "192.0.2.0/24", Verdict.ALLOW),
        ("2001:db8::7", "2001:db8::/32", Verdict.ALLOW),
        ("2001:db9::7", "2001:db8::/32", Verdict.REFUSE),
        ("192.0.3.7", "192.0.2.0/24", Verdict.REFUSE),
        ("unknown", "192.0.2.0/24", Verdict.REFUSE),
    ],
)
def test_addresses(house: House, address: str, network: str, verdict: Verdict) -> None:
    house.policies[MINE] = Policy(networks=(ip_network(network),))
    assert house.gate.decide(route(), head("POST", address=address)) is verdict


@pytest.mark.parametrize(
    ("access", "opens"),
    [
        (Access.ONLY_MEMBERS, set()),
        (Access.ONLY_PEOPLE, {Kind.PERSON, Kind.REQUEST}),
        (Access.ONLY_LINK, {Kind.LINK}),
        (Access.ONLY_CODE, {Kind.CODE}),
        (Access.ONLY_PASSWORD, {Kind.PASSWORD}),
        (Access.ONLY_ADDRESSES, set()),
    ],
)
async def test_a_site_can_be_narrowed_to_one_kind_of_policy(house: House, access: Access, opens: set[Kind]) -> None:
    networks = POLICIES["addresses"].networks
    house.policies[MINE] = Policy(is_public=True, public_paths=frozenset({b"/"}), networks=networks)
    narrowed, refused = route(access), Verdict.REFUSE
    passes = {kind for kind in Kind if house.gate.decide(narrowed, head(Cookie=house.cookie(kind))) is not refused}
    # A member always comes in; being open to all does not count.
    assert passes == {Kind.MEMBER, *opens}
    assert house.gate.decide(narrowed, head()) is Verdict.REFUSE
    inside = house.gate.decide(narrowed, head(address=INSIDE))
    assert inside is (Verdict.ALLOW if access is Access.ONLY_ADDRESSES else Verdict.REFUSE)
    assert await house.gate.ask(narrowed, head(X_Firefly_Preview_Token="member")) is Verdict.MEMBER


def test_an_address_is_believed_only_from_a_proxy_that_is_listed(house: House) -> None:
    house.policies[MINE] = POLICIES["addresses"]
    forged = head(address=OUTSIDE, X_Forwarded_For=INSIDE)
    assert house.gate.decide(route(), forged) is Verdict.REFUSE
    forged.visitor = Visitor(OUTSIDE, TrustedProxies([OUTSIDE]))
    assert house.gate.decide(route(), forged) is Verdict.ALLOW


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("POST", {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}),
        ("POST", {"Origin": "https://evil.example"}),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}),
        ("GET", {**WEBSOCKET, "Origin": "https://evil.example"}),
        ("GET", {**WEBSOCKET, "Origin": f"http://{SIBLING}"}),
    ],
)
def test_another_sites_page_cannot_borrow_a_visitors_address(house: House, method: str, fields: dict[str, str]) -> None:
    house.policies[MINE] = POLICIES["addresses"]
    assert house.gate.decide(route(), head(method, address=INSIDE, **fields)) is Verdict.REFUSE


@pytest.mark.parametrize(
    "fields",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {},
        NAVIGATION,
        {**NAVIGATION, "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Site": "same-site", "Origin": f"http://8080--{HOST}:8000"},
        WEBSOCKET,
    ],
)
def test_the_visitors_own_requests_may_use_the_grant(house: House, fields: dict[str, str]) -> None:
    assert house.gate.decide(route(), head(Cookie=house.cookie(), **fields)) is Verdict.MEMBER


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("POST", {"Sec-Fetch-Site": "same-site", "Origin": f"http://{SIBLING}:8000"}),
        ("GET", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}),
        ("GET", {**WEBSOCKET, "Origin": f"http://{SIBLING}:8000"}),
        ("GET", {"Connection": "Upgrade", "Upgrade": "websocket"}),
        ("POST", {}),
        ("POST", {"Origin": "null"}),
        ("POST", NAVIGATION),
    ],
)
def test_a_hostile_page_cannot_ride_on_the_grant(house: House, method: str, fields: dict[str, str]) -> None:
    verdict = house.gate.decide(route(), head(method, Cookie=house.cookie(), **fields))
    assert verdict in (Verdict.REFUSE, Verdict.TO_APP)


@pytest.mark.parametrize(("kind", "verdict"), [(Kind.MEMBER, Verdict.MEMBER), (Kind.CODE, Verdict.ALLOW)])
def test_a_grant_that_grows_old_gets_a_new_cookie_and_is_seen(house: House, kind: Kind, verdict: Verdict) -> None:
    asked = head(Cookie=house.cookie(kind))
    assert house.gate.decide(route(), asked) is verdict
    house.clock.advance(301)
    assert house.gate.decide(route(), asked) is Verdict.RENEW
    again, line = house.gate.renew(route(), asked)
    assert again is verdict
    assert [grant.kind for grant in house.visits.noted] == [kind]
    cookie = line.decode().removeprefix("Set-Cookie: ").partition(";")
    for attribute in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"):
        assert attribute in cookie[2]
    assert house.gate.decide(route(), head(Cookie=cookie[0])) is verdict
    house.clock.advance(3500)
    assert house.gate.decide(route(), asked) is Verdict.REFUSE
    assert house.gate.decide(route(), head(Cookie=cookie[0])) is Verdict.RENEW


def test_a_tunnel_outlives_the_cookie_that_opened_it_and_not_the_grant(house: House) -> None:
    opened = head(Cookie=house.cookie(Kind.MEMBER), **WEBSOCKET)
    foreign = head(Cookie=house.cookie(Kind.MEMBER), **{**WEBSOCKET, "Origin": f"http://{SIBLING}"})
    house.clock.advance(11 * 3600)
    assert house.gate.decide(route(), opened) is Verdict.REFUSE
    assert house.gate.stands(route(), opened)
    assert not house.gate.stands(route(), foreign)
    assert not house.gate.stands(route(), head(**WEBSOCKET))
    assert not house.gate.stands(replace(route(), policy_version=VERSION + 1), opened)
    assert not house.gate.stands(replace(route(), project_id=OTHER), opened)
    house.revocations.ended.add(MINE)
    assert not house.gate.stands(route(), opened)
    house.revocations.ended.clear()
    house.clock.advance(3600)
    assert not house.gate.stands(route(), opened)


def test_what_the_same_lines_opened_before_ends_with_route_policy_time_and_grant(house: House) -> None:
    mine, grant = route(), house.make(Kind.LINK)
    cookie = f"__Host-firefly-grant={house.grants.seal(grant)}"
    asked = head(Cookie=cookie, Sec_Fetch_Site="same-origin")

    def decide(of: Route | None) -> Verdict:
        return house.gate.decide(of, asked)

    assert [decide(mine), decide(mine)] == [Verdict.ALLOW] * 2
    assert decide(replace(mine, policy_version=VERSION + 1)) is Verdict.REFUSE
    assert decide(replace(mine, project_id=OTHER)) is Verdict.REFUSE
    assert decide(None) is Verdict.REFUSE
    assert decide(mine) is Verdict.ALLOW
    house.clock.advance(301)
    assert decide(mine) is Verdict.RENEW
    house.clock.advance(3600)
    assert decide(mine) is Verdict.REFUSE
    fresh = house.make(Kind.LINK)
    asked = head(Cookie=f"__Host-firefly-grant={house.grants.seal(fresh)}", Sec_Fetch_Site="same-origin")
    assert [decide(mine), decide(mine)] == [Verdict.ALLOW] * 2
    house.revocations.record(fresh.id)
    assert decide(mine) is Verdict.REFUSE


def test_a_revoked_grant_is_not_renewed(house: House) -> None:
    fields = credentials(house, "revoked")
    assert house.gate.renew(route(), head(**fields)) == (Verdict.REFUSE, b"")


async def test_a_program_asks_with_a_token(house: House) -> None:
    asked = head(**{"X-Firefly-Preview-Token": "member"})
    wrong = head(**{"X-Firefly-Preview-Token": "wrong"})
    assert house.gate.decide(route(), asked) is Verdict.ASK
    assert house.gate.decide(None, asked) is Verdict.ASK
    assert await house.gate.ask(route(), asked) is Verdict.MEMBER
    assert await house.gate.ask(None, asked) is Verdict.REFUSE
    assert await house.gate.ask(route(), wrong) is Verdict.REFUSE
    other = Route(SIBLING, SandboxTarget(uuid4()), OTHER, Access.MEMBERS, 1)
    assert await house.gate.ask(other, asked) is Verdict.REFUSE


async def test_a_wrong_token_closes_nothing_that_is_open(house: House) -> None:
    wrong = head(address=INSIDE, **{"X-Firefly-Preview-Token": "wrong"})
    assert await house.gate.ask(route(Access.PUBLIC), wrong) is Verdict.ALLOW
    for policy in ("public", "addresses"):
        house.policies[MINE] = POLICIES[policy]
        assert await house.gate.ask(route(), wrong) is Verdict.ALLOW


async def test_while_the_database_is_away_nobody_is_told_that_a_good_token_is_wrong(house: House) -> None:
    asked = head(**{"X-Firefly-Preview-Token": "nobody can tell"})
    for one in (route(), None):
        with pytest.raises(DatabaseUnavailable):
            await house.gate.ask(one, asked)
    assert await house.gate.ask(route(Access.PUBLIC), asked) is Verdict.ALLOW


async def test_a_host_that_does_not_exist_is_asked_about_like_one_that_does(house: House) -> None:
    """Else the time of a refusal would tell which hosts there are."""
    checked: list[str] = []

    async def verify(secret: str) -> object:
        checked.append(secret)
        raise Unauthenticated("no")

    house.gate._opens._tokens.verify = verify  # type: ignore[attr-defined]
    for one in (route(), None):
        assert await house.gate.ask(one, head(**{"X-Firefly-Preview-Token": "guess"})) is Verdict.REFUSE
    assert checked == ["guess", "guess"]


WORKER = {"Service-Worker": "script", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "serviceworker"}


@pytest.mark.parametrize("kind", ROUTES)
@pytest.mark.parametrize("name", ["Service-Worker", "service-worker"])
def test_a_private_preview_keeps_no_service_worker_unless_an_owner_allows_it(
    house: House, name: str, kind: str
) -> None:
    asked = {name: "script", "Sec-Fetch-Site": "same-origin", "Cookie": house.cookie()}
    assert house.gate.decide(ROUTES[kind], head(path="/sw.js", **asked)) is Verdict.NO_WORKER
    house.policies[MINE] = Policy(service_workers=True)
    assert house.gate.decide(ROUTES[kind], head(path="/sw.js", **asked)) is Verdict.MEMBER


def test_service_workers_of_what_is_open_to_all(house: House) -> None:
    assert house.gate.decide(route(Access.PUBLIC), head(**WORKER)) is Verdict.ALLOW
    house.policies[MINE] = POLICIES["public"]
    assert house.gate.decide(route(), head(**WORKER)) is Verdict.ALLOW
    house.policies[MINE] = Policy(public_paths=frozenset({b"/sw.js"}), networks=(ip_network("192.0.2.0/24"),))
    assert house.gate.decide(route(), head(path="/sw.js", **WORKER)) is Verdict.NO_WORKER
    assert house.gate.decide(route(), head(path="/other.js", address=INSIDE, **WORKER)) is Verdict.NO_WORKER


def test_to_whoever_has_no_access_a_service_worker_is_as_everything_else(house: House) -> None:
    assert house.gate.decide(route(), head(**WORKER)) is Verdict.REFUSE
    assert house.gate.decide(None, head(**WORKER)) is Verdict.REFUSE


@pytest.mark.parametrize("fields", [{}, {"Origin": f"http://{SIBLING}:8000"}, {"Cookie": "__Host-firefly-grant=x"}])
def test_a_refusal_takes_the_same_time_where_nothing_is(house: House, fields: dict[str, str]) -> None:
    """Without input or output there are but microseconds; far wider bounds than a network's hold here."""
    house.policies[MINE] = POLICIES["addresses"]
    taken = []
    for wanted in (route(), None):
        heads = [head(**fields, X_Request_Id=str(number)) for number in range(500)]
        began = time.process_time()
        for one in heads:
            assert house.gate.decide(wanted, one) is Verdict.REFUSE
        taken.append((time.process_time() - began) / len(heads))
    assert abs(taken[0] - taken[1]) < 0.0005
