"""The doors of content hosts: link, code, password; and that they look the same where nothing is."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from .test_access import ACCESS, look, person
from .test_previews import cookie, host_of, value
from .visitors import VISIT, code_of, link_of, nowhere, plain, verified, visitor, with_password
from .world import World


async def test_a_link_lets_in_and_leaves_its_secret_behind(world: World) -> None:
    project = await world.shared(world.ada, "site")
    path = await link_of(world)
    entered = await world.visitor(host_of(world)).get(f"{path}?to=/page?a=1", headers=VISIT, allow_redirects=False)
    assert (entered.status, entered.headers["Location"]) == (303, "/page?a=1")
    assert entered.headers["Referrer-Policy"] == "no-referrer"
    assert verified(world, entered, project)
    grant = cookie(entered, "__Host-firefly-grant")
    for attribute in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/", "Max-Age="):
        assert attribute in grant
    assert "Domain" not in grant


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("GET", {}),
        ("GET", {"Sec-Fetch-Mode": "no-cors"}),
        ("GET", {**VISIT, "Sec-Purpose": "prefetch"}),
        ("POST", {"Origin": "https://evil.example"}),
        ("POST", {"Sec-Fetch-Site": "cross-site"}),
    ],
)
async def test_what_only_looks_at_a_link_takes_no_use_of_it(world: World, method: str, fields: dict[str, str]) -> None:
    project = await world.shared(world.ada, "site")
    path = await link_of(world, max_uses=1)
    seen = await world.visitor(host_of(world)).request(method, path, headers=fields, allow_redirects=False)
    assert seen.status == 200
    assert "Set-Cookie" not in seen.headers
    assert "<button" in await seen.text()
    taken = await visitor(world, host_of(world)).post(path, allow_redirects=False)
    assert verified(world, taken, project)


async def test_who_is_inside_takes_no_second_use_of_a_link(world: World) -> None:
    await world.shared(world.ada, "site")
    path, host = await link_of(world, max_uses=1), host_of(world)
    entered = await world.visitor(host).get(path, headers=VISIT, allow_redirects=False)
    mine = f"__Host-firefly-grant={value(cookie(entered, '__Host-firefly-grant'))}"
    again = await world.visitor(host, Cookie=mine).get(path, headers=VISIT, allow_redirects=False)
    assert (again.status, again.headers["Location"]) == (303, "/")
    other = await world.visitor(host).get(path, headers=VISIT, allow_redirects=False)
    assert other.status == 403


async def test_a_code_is_read_however_it_is_typed(world: World) -> None:
    project = await world.shared(world.ada, "site")
    code = await code_of(world)
    for typed in (code, code.lower(), f" {code.replace('-', ' ')} ", code.replace("-", "")):
        form = {"code": typed, "to": "/page"}
        entered = await visitor(world, host_of(world)).post("/.firefly/code", data=form, allow_redirects=False)
        assert (entered.status, entered.headers["Location"]) == (303, "/page")
        assert verified(world, entered, project)


async def test_a_password_lets_in(world: World) -> None:
    project = await world.shared(world.ada, "site")
    form = {"password": await with_password(world), "to": "//evil.example"}
    entered = await visitor(world, host_of(world)).post("/.firefly/password", data=form, allow_redirects=False)
    assert (entered.status, entered.headers["Location"]) == (303, "/")
    assert verified(world, entered, project)


async def test_a_code_and_a_link_end_in_time(world: World) -> None:
    await world.shared(world.ada, "site")
    code, path = await code_of(world, expires_in=60), await link_of(world, expires_in=60)
    world.clock.advance(60)
    late = await visitor(world, host_of(world)).post("/.firefly/code", data={"code": code}, allow_redirects=False)
    too_late = await world.visitor(host_of(world)).get(path, headers=VISIT, allow_redirects=False)
    assert (late.status, too_late.status) == (403, 403)


@pytest.mark.parametrize("path", ["/.firefly/code", "/.firefly/password", "/.firefly/ask"])
@pytest.mark.parametrize("origin", ["null", "https://evil.example", "http://other--eve.preview.localhost:0"])
async def test_a_form_of_another_site_does_nothing(world: World, path: str, origin: str) -> None:
    await world.shared(world.ada, "site")
    form = {"code": await code_of(world), "password": await with_password(world), "name": "Sam"}
    answer = await visitor(world, host_of(world), Origin=origin).post(path, data=form, allow_redirects=False)
    assert answer.status == 403
    assert "Set-Cookie" not in answer.headers
    await world.services.access.requests.settled()
    assert (await look(await world.program(world.ada)))["requests"] == []


Ask = Callable[[Any], Any]


ASKED: dict[str, Ask] = {
    "the page": lambda client: client.get("/.firefly/access?to=/page"),
    "a wrong code": lambda client: client.post("/.firefly/code", data={"code": "AAAA-AAAA"}, allow_redirects=False),
    "a wrong password": lambda client: client.post("/.firefly/password", data={"password": "x"}, allow_redirects=False),
    "a wrong link": lambda client: client.get("/.firefly/link/" + "x" * 43, headers=VISIT, allow_redirects=False),
    "a look at a link": lambda client: client.get("/.firefly/link/" + "x" * 43),
    "asking": lambda client: client.post("/.firefly/ask", data={"name": "Sam", "to": "/p"}, allow_redirects=False),
    "waiting": lambda client: client.get("/.firefly/asked", headers={"Cookie": "__Host-firefly-asked=x"}),
    "another page": lambda client: client.get("/.firefly/else"),
}


@pytest.mark.parametrize("what", ASKED)
async def test_a_host_where_nothing_is_answers_alike(world: World, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bytes, status and fields; and the same calls of the same length by the way: argon2, database, limits."""
    await world.shared(world.ada, "site")
    await with_password(world)
    await code_of(world)
    # The first password of all makes the decoy, which would be one hash more.
    await visitor(world, host_of(world), "198.51.100.1").post("/.firefly/password", data={"password": "warm"})
    answers = []
    for number, host in enumerate((host_of(world), nowhere(world))):
        calls: list[str] = []
        with monkeypatch.context() as watching:
            _watch(world, watching, calls)
            response = await ASKED[what](visitor(world, host, f"203.0.113.{number}"))
        assert "asked=" in str(response.headers.getall("Set-Cookie", [])) or what != "asking"
        answers.append((plain(response), await response.text(), calls))
    assert answers[0] == answers[1]


def _watch(world: World, watching: pytest.MonkeyPatch, calls: list[str]) -> None:
    queries, control = world.services.access.entrances._queries, world.services.access
    for name in ("take_link", "take_code", "password", "claim_request", "person"):
        original = getattr(queries, name)

        def noted(*args: Any, original: Any = original, name: str = name, **kwargs: Any) -> Any:
            calls.append(name)
            return original(*args, **kwargs)

        watching.setattr(queries, name, noted)
    for part, method in ((control.entrances._passwords, "_check"), (control.entrances._limiter, "hit_all")):
        original = getattr(part, method)

        def counted(*args: Any, original: Any = original, method: str = method) -> Any:
            calls.append(method)
            return original(*args)

        watching.setattr(part, method, counted)


@pytest.mark.parametrize(("path", "name", "most"), [("code", "code", 10), ("password", "password", 10)])
async def test_guessing_is_limited_alike_where_nothing_is(world: World, path: str, name: str, most: int) -> None:
    await world.shared(world.ada, "site")
    code, password = await code_of(world), await with_password(world)
    right = {"code": code, "password": password}[name]
    for number, host in enumerate((host_of(world), nowhere(world))):
        client = visitor(world, host, f"203.0.113.{number}")
        for _ in range(most):
            wrong = await client.post(f"/.firefly/{path}", data={name: "wrong"}, allow_redirects=False)
            assert wrong.status == 403
        refused = await client.post(f"/.firefly/{path}", data={name: right}, allow_redirects=False)
        assert refused.status == 429
        assert int(refused.headers["Retry-After"]) > 0
        assert "Set-Cookie" not in refused.headers
    world.clock.advance(600)
    late = await visitor(world, host_of(world), "203.0.113.0").post(
        f"/.firefly/{path}", data={name: right}, allow_redirects=False
    )
    assert late.status == 303


@pytest.mark.parametrize("path", ["/.firefly/code", "/.firefly/password", "/.firefly/ask"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded; charset=none", b"code=x&password=x&name=x"),
        ("application/x-www-form-urlencoded; charset=utf-7", b"code=%2B2AA-&password=%2B2AA-&name=%2B2AA-"),
        ("application/x-www-form-urlencoded", b"code=%ff%00&password=%ff%00&name=%ff%00"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nno"),
        ("application/json", b"{}"),
    ],
)
async def test_a_form_that_is_none_is_answered(world: World, path: str, kind: str, body: bytes) -> None:
    await world.shared(world.ada, "site")
    answer = await visitor(world, host_of(world), **{"Content-Type": kind}).post(path, data=body, allow_redirects=False)
    assert answer.status in {303, 403, 422}


async def test_a_cookie_that_expired_is_renewed_while_its_grant_stands(world: World) -> None:
    project = await world.shared(world.ada, "site")
    owner, host = await world.program(world.ada), host_of(world)
    entered = await world.visitor(host).get(await link_of(world), headers=VISIT, allow_redirects=False)
    mine = f"__Host-firefly-grant={value(cookie(entered, '__Host-firefly-grant'))}"
    browser = world.visitor(host, Cookie=mine)
    world.clock.advance(3 * 24 * 3600)
    again = await browser.get("/page?a=1", headers=VISIT, allow_redirects=False)
    assert (again.status, again.headers["Location"]) == (303, "/page?a=1")
    assert verified(world, again, project)
    (grant,) = (await look(owner))["grants"]
    await owner.delete(f"{ACCESS}/grants/{grant['id']}")
    ended = await browser.get("/page?a=1", headers=VISIT, allow_redirects=False)
    assert urlsplit(ended.headers["Location"]).path == "/auth/preview"


async def test_a_cookie_that_has_not_expired_does_not_go_round_in_circles(world: World) -> None:
    """The gate sends a visitor here who lacks a sister's grant, or whose cookie is not the one that it looks at."""
    await world.shared(world.ada, "site")
    host = host_of(world)
    entered = await world.visitor(host).get(await link_of(world), headers=VISIT, allow_redirects=False)
    mine = f"__Host-firefly-grant={value(cookie(entered, '__Host-firefly-grant'))}"
    once = await world.visitor(host, Cookie=mine).get("/", headers=VISIT, allow_redirects=False)
    assert (once.status, once.headers["Location"]) == (303, "/")
    mine += f"; __Host-firefly-round={value(cookie(once, '__Host-firefly-round'))}"
    sent = await world.visitor(host, Cookie=mine).get("/", headers=VISIT, allow_redirects=False)
    assert urlsplit(sent.headers["Location"]).path == "/auth/preview"


async def test_a_person_comes_in_as_a_visitor_until_he_is_taken_off_the_list(world: World) -> None:
    project = await world.shared(world.ada, "site")
    owner, eve, host = await world.program(world.ada), await person(world, name="eve"), host_of(world)
    browser, nonce = await world.browser(eve), "n" * 43
    query = {"host": host, "nonce": world.services.grants.hash_nonce(nonce).hex(), "to": "/page"}
    fields = {"Sec-Fetch-Site": "none"}
    refused = await browser.get("/auth/preview", params=query, headers=fields, allow_redirects=False)
    assert parse_qs(urlsplit(refused.headers["Location"]).query)["signed_in"] == ["1"]
    entry = await (await owner.post(f"{ACCESS}/people", json={"account": "eve"})).json()
    sent = await browser.get("/auth/preview", params=query, headers=fields, allow_redirects=False)
    back = urlsplit(sent.headers["Location"])
    entered = await world.visitor(host, Cookie=f"__Host-firefly-nonce={nonce}").get(
        f"{back.path}?{back.query}", allow_redirects=False
    )
    grant = world.services.grants.verify(value(cookie(entered, "__Host-firefly-grant")).encode(), project.id, 1)
    assert grant is not None
    assert (grant.kind.value, grant.is_member, grant.account_id) == ("person", False, eve.id)
    world.clock.advance(1)
    assert (await owner.delete(f"{ACCESS}/people/{entry['id']}")).status == 204
    assert not verified(world, entered, project)
    refused = await browser.get("/auth/preview", params=query, headers=fields, allow_redirects=False)
    assert "signed_in" in refused.headers["Location"]


async def test_one_session_has_one_grant_however_many_hosts_it_visits(world: World) -> None:
    project = await world.shared(world.ada, "site")
    browser, nonce = await world.browser(world.ada), "n" * 43
    for host in (host_of(world), f"8080--{host_of(world)}"):
        query = {"host": host, "nonce": world.services.grants.hash_nonce(nonce).hex(), "to": "/"}
        sent = await browser.get(
            "/auth/preview", params=query, headers={"Sec-Fetch-Site": "none"}, allow_redirects=False
        )
        back = urlsplit(sent.headers["Location"])
        entered = await world.visitor(host, Cookie=f"__Host-firefly-nonce={nonce}").get(
            f"{back.path}?{back.query}", allow_redirects=False
        )
        assert verified(world, entered, project)
    (grant,) = (await look(await world.program(world.ada)))["grants"]
    assert (grant["kind"], grant["account"], grant["who"]) == ("member", "ada", "Ada")


async def test_secrets_of_links_are_in_no_log(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    await world.shared(world.ada, "site")
    path = await link_of(world)
    await world.visitor(host_of(world)).get(path, headers=VISIT, allow_redirects=False)
    logged = capsys.readouterr().out
    assert "/.firefly/link/" in logged
    assert path.rpartition("/")[2] not in logged
