"""The round trip that opens a private preview: nonce, ticket, grant; and everything that must not get one."""

from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientResponse

from firefly.auth import PreviewGrants
from firefly.projects import Project, Role
from firefly.routes import Route, SandboxTarget

from .world import World

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def host_of(world: World, name: str = "site", owner: str = "ada") -> str:
    return f"{name}--{owner}.{world.settings.content_domain}"


def cookie(response: ClientResponse, name: str) -> str:
    for field in response.headers.getall("Set-Cookie", []):
        if field.startswith(f"{name}="):
            return field
    return ""


def value(field: str) -> str:
    return next(iter(SimpleCookie(field.partition(";")[0]).values())).value


async def begin(world: World, host: str, path: str = "/page?a=1&b=2") -> tuple[str, str]:
    """The first answer on the preview's host: the nonce, and where the browser is sent."""
    response = await world.visitor(host).get(path, headers=NAVIGATION, allow_redirects=False)
    assert response.status == 302
    return value(cookie(response, "__Host-firefly-nonce")), response.headers["Location"]


async def test_a_member_comes_back_with_a_grant(world: World) -> None:
    project: Project = await world.shared(world.ada, "site")
    host = host_of(world)
    nonce, location = await begin(world, host)
    assert location.startswith(f"{world.settings.url}/auth/preview?")
    browser = await world.browser(world.ada)
    over = urlsplit(location)
    sent = await browser.get(f"{over.path}?{over.query}", headers={"Sec-Fetch-Site": "none"}, allow_redirects=False)
    assert sent.status == 303
    back = urlsplit(sent.headers["Location"])
    assert (back.netloc, back.path) == (host, "/.firefly/enter")
    entered = await world.visitor(host, Cookie=f"__Host-firefly-nonce={nonce}").get(
        f"{back.path}?{back.query}", allow_redirects=False
    )
    assert (entered.status, entered.headers["Location"]) == (303, "/page?a=1&b=2")
    grant = cookie(entered, "__Host-firefly-grant")
    for attribute in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"):
        assert attribute in grant
    assert "Domain" not in grant
    known = world.services.grants.verify(value(grant).encode(), project.id, 1)
    assert known is not None
    assert known.account_id == world.ada.id


async def test_a_ticket_is_good_once_and_only_with_its_nonce_and_host(world: World) -> None:
    await world.shared(world.ada, "site")
    world.project(world.ada, "other")
    host = host_of(world)
    nonce, location = await begin(world, host)
    browser, over = await world.browser(world.ada), urlsplit(location)
    fields = {"Sec-Fetch-Site": "none"}
    path = f"{over.path}?{over.query}"

    async def ticket() -> str:
        sent = await browser.get(path, headers=fields, allow_redirects=False)
        back = urlsplit(sent.headers["Location"])
        return f"{back.path}?{back.query}"

    stolen = await world.visitor(host, Cookie="__Host-firefly-nonce=" + "x" * 43).get(await ticket())
    elsewhere = await world.visitor(host_of(world, "other"), Cookie=f"__Host-firefly-nonce={nonce}").get(await ticket())
    without = await world.visitor(host).get(await ticket())
    good = await ticket()
    mine = world.visitor(host, Cookie=f"__Host-firefly-nonce={nonce}")
    assert (await mine.get(good, allow_redirects=False)).status == 303
    again = await mine.get(good)
    world.clock.advance(0)
    late = await ticket()
    world.clock.advance(31)
    expired = await mine.get(late)
    for refused in (stolen, elsewhere, without, again, expired):
        assert refused.status == 403
        assert "Set-Cookie" not in refused.headers


async def test_unknown_and_forbidden_hosts_begin_the_same_way(world: World) -> None:
    world.project(world.bob, "site")
    answers = []
    for host in (host_of(world, "site", "bob"), host_of(world, "nothing", "here")):
        response = await world.visitor(host).get("/", headers=NAVIGATION, allow_redirects=False)
        query = parse_qs(urlsplit(response.headers["Location"]).query)
        answers.append((response.status, sorted(query), sorted(set(response.headers) - {"Date"})))
    assert answers[0] == answers[1]


async def test_unknown_and_forbidden_hosts_end_at_the_same_doors(world: World) -> None:
    world.project(world.bob, "site")
    browser = await world.browser(world.ada)
    for host in (host_of(world, "site", "bob"), host_of(world, "nothing", "here")):
        query = {"host": host, "nonce": "0" * 64, "to": "/page"}
        fields = {"Sec-Fetch-Site": "none"}
        response = await browser.get("/auth/preview", params=query, headers=fields, allow_redirects=False)
        doors = f"http://{host}/.firefly/access?to=%2Fpage&signed_in=1"
        assert (response.status, response.headers["Location"]) == (303, doors)
    query = {"host": "evil.example", "nonce": "0" * 64, "to": "/"}
    assert (await browser.get("/auth/preview", params=query, headers=fields)).status == 404


@pytest.mark.parametrize(
    "spelled", ["{name}:x@evil--bob.{domain}", "{name}:99.{domain}", "{name}:1", "{name}", "{name}.:{port}", "x@{host}"]
)
async def test_a_ticket_is_sent_to_no_host_but_its_own(world: World, spelled: str) -> None:
    """A browser takes what stands before an `@` for a user's name: the ticket would go to another's preview."""
    world.project(world.ada, "site")
    host, domain = host_of(world), world.settings.content_domain
    name, _, port = host.partition(":")
    browser = await world.browser(world.ada)
    forged = spelled.format(name=name, domain=domain, host=host, port=port)
    for wanted, status in ((host, 303), (forged, 404 if forged != host else 303)):
        params = {"host": wanted, "nonce": "0" * 64, "to": "/"}
        fields = {"Sec-Fetch-Site": "none"}
        answer = await browser.get("/auth/preview", params=params, headers=fields, allow_redirects=False)
        assert answer.status == status
        assert ("Location" in answer.headers) is (status == 303)


async def test_another_sites_visit_asks_first(world: World) -> None:
    world.project(world.ada, "site")
    _, location = await begin(world, host_of(world))
    over, browser = urlsplit(location), await world.browser(world.ada)
    fields = {"Sec-Fetch-Site": "cross-site", "Referer": "https://chat.example/"}
    asked = await browser.get(f"{over.path}?{over.query}", headers=fields, allow_redirects=False)
    text = await asked.text()
    assert asked.status == 200
    assert host_of(world) in text
    assert "ticket" not in text
    form = {name: values[0] for name, values in parse_qs(over.query).items()}
    accepted = await browser.post("/auth/preview", data=form, allow_redirects=False)
    assert accepted.status == 303
    assert "/.firefly/enter?ticket=" in accepted.headers["Location"]


@pytest.mark.parametrize("referrer", ["APP/", "http://HOST/page"])
async def test_our_own_pages_and_the_preview_itself_need_not_ask(world: World, referrer: str) -> None:
    world.project(world.ada, "site")
    host = host_of(world)
    _, location = await begin(world, host)
    over, browser = urlsplit(location), await world.browser(world.ada)
    told = referrer.replace("APP", world.settings.url).replace("HOST", host)
    fields = {"Sec-Fetch-Site": "cross-site", "Referer": told}
    sent = await browser.get(f"{over.path}?{over.query}", headers=fields, allow_redirects=False)
    assert sent.status == 303


async def test_a_visitor_signs_in_on_the_way(world: World) -> None:
    world.project(world.ada, "site")
    _, location = await begin(world, host_of(world))
    over = urlsplit(location)
    client = world.client(Accept="text/html")
    sent = await client.get(f"{over.path}?{over.query}", allow_redirects=False)
    assert sent.headers["Location"].startswith(f"http://{host_of(world)}/.firefly/access?to=")
    door = await world.visitor(host_of(world)).get(
        "/.firefly/sign-in?to=/page", headers=NAVIGATION, allow_redirects=False
    )
    over = urlsplit(door.headers["Location"])
    sent = await client.get(f"{over.path}?{over.query}", allow_redirects=False)
    assert sent.status == 303
    assert sent.headers["Location"].startswith("/auth/sign-in?next=/auth/preview?host")
    assert "sign_in" not in sent.headers["Location"]


class TestOfACustomDomain:
    HOST = "www.example.org"

    def put(self, world: World, project: Project) -> str:
        """Its host as browsers name it."""
        assert project.workspace_id is not None
        world.table.put(Route(self.HOST, SandboxTarget(project.workspace_id), project.id))
        return self.HOST + world.settings.content_port

    async def test_a_member_comes_back_with_a_grant_there(self, world: World) -> None:
        project = await world.shared(world.ada, "site")
        host = self.put(world, project)
        nonce, location = await begin(world, host)
        over, browser = urlsplit(location), await world.browser(world.ada)
        fields = {"Sec-Fetch-Site": "none"}
        sent = await browser.get(f"{over.path}?{over.query}", headers=fields, allow_redirects=False)
        back = urlsplit(sent.headers["Location"])
        assert (sent.status, back.netloc, back.path) == (303, host, "/.firefly/enter")
        entered = await world.visitor(host, Cookie=f"__Host-firefly-nonce={nonce}").get(
            f"{back.path}?{back.query}", allow_redirects=False
        )
        assert entered.status == 303
        grant = value(cookie(entered, "__Host-firefly-grant")).encode()
        assert world.services.grants.verify(grant, project.id, 1) is not None

    @pytest.mark.parametrize("spelled", ["www.example.org", "www.example.org:1", "x@{host}", "{host}.", "other.{host}"])
    async def test_nobody_is_sent_to_what_is_not_that_host_to_the_letter(self, world: World, spelled: str) -> None:
        host = self.put(world, await world.shared(world.ada, "site"))
        for browser in (await world.browser(world.ada), world.client(Accept="text/html")):
            params = {"host": spelled.format(host=host), "nonce": "0" * 64, "to": "/"}
            fields = {"Sec-Fetch-Site": "none"}
            answer = await browser.get("/auth/preview", params=params, headers=fields, allow_redirects=False)
            assert host not in answer.headers.get("Location", "").partition("?")[0]

    async def test_whom_it_is_not_for_finds_its_doors(self, world: World) -> None:
        host = self.put(world, await world.shared(world.ada, "site"))
        params = {"host": host, "nonce": "0" * 64, "to": "/page"}
        browser = await world.browser(world.bob)
        answer = await browser.get(
            "/auth/preview", params=params, headers={"Sec-Fetch-Site": "none"}, allow_redirects=False
        )
        doors = f"http://{host}/.firefly/access?to=%2Fpage&signed_in=1"
        assert (answer.status, answer.headers["Location"]) == (303, doors)

    async def test_browsers_let_forms_of_ours_lead_on_to_it(self, world: World) -> None:
        """They hold the redirects of a form to the page's policy."""
        host = self.put(world, await world.shared(world.ada, "site"))
        _, location = await begin(world, host)
        over, origin = urlsplit(location), f"http://{host}"
        browser, stranger = await world.browser(world.ada), world.client(Accept="text/html")
        asked = await browser.get(
            f"{over.path}?{over.query}", headers={"Sec-Fetch-Site": "cross-site"}, allow_redirects=False
        )
        following = f"{over.path}?{over.query}"
        signing_in = await stranger.get("/auth/sign-in", params={"next": following})
        wrong = await stranger.post(
            "/auth/sign-in", data={"next": following, "name": "ada", "password": "wrong"},
            headers={"Origin": world.settings.url},
        )  # fmt: skip
        for page in (asked, signing_in, wrong):
            (actions,) = [
                part for part in page.headers["Content-Security-Policy"].split("; ") if part.startswith("form-action")
            ]
            assert actions.split(" ")[-1] == origin
        other = await stranger.get("/auth/sign-in", params={"next": following.replace("www.", "evil.")})
        assert "example.org" not in other.headers["Content-Security-Policy"]


async def test_a_public_preview_needs_no_ticket(world: World) -> None:
    world.project(world.ada, "site", public=True)
    browser = await world.browser(world.bob)
    query = {"host": host_of(world), "nonce": "0" * 64, "to": "/page"}
    sent = await browser.get("/auth/preview", params=query, allow_redirects=False)
    assert sent.headers["Location"] == f"http://{host_of(world)}/page"


@pytest.mark.parametrize("to", ["//evil.example/", "https://evil.example/", "/\\evil.example", "/.firefly/enter", ""])
async def test_the_way_back_stays_on_the_host(world: World, to: str) -> None:
    await world.shared(world.ada, "site")
    browser = await world.browser(world.ada)
    nonce = "n" * 43
    query = {"host": host_of(world), "nonce": PreviewGrants.hash_nonce(nonce).hex(), "to": to}
    sent = await browser.get("/auth/preview", params=query, headers={"Sec-Fetch-Site": "none"}, allow_redirects=False)
    back = urlsplit(sent.headers["Location"])
    entered = await world.visitor(host_of(world), Cookie=f"__Host-firefly-nonce={nonce}").get(
        f"{back.path}?{back.query}", allow_redirects=False
    )
    assert entered.headers["Location"] == "/"


async def test_only_navigations_begin_the_round_trip(world: World) -> None:
    world.project(world.ada, "site")
    visitor = world.visitor(host_of(world))
    for method, fields in (
        ("POST", NAVIGATION),
        ("GET", {"Sec-Fetch-Mode": "cors"}),
        ("GET", {"Sec-Fetch-Mode": "no-cors"}),
        ("GET", {"Accept": "*/*"}),
    ):
        response = await visitor.request(method, "/", headers=fields, allow_redirects=False)
        assert response.status == 404
        assert "Set-Cookie" not in response.headers


async def test_the_app_does_not_exist_on_content_hosts(world: World) -> None:
    world.project(world.ada, "site")
    cookies = await world.services.sessions.open(world.ada, user_agent="", address=None)
    visitor = world.visitor(
        host_of(world), Cookie=f"__Host-firefly-session={cookies.access}", Authorization="Bearer " + "x" * 40
    )
    for path in ("/api/v1/me", "/auth/sign-in", "/metrics", "/git/ada/site.git/info/refs"):
        response = await visitor.get(path, headers={"Accept": "*/*"}, allow_redirects=False)
        assert response.status == 404
        assert "ada" not in await response.text()


async def test_somebody_who_lost_access_gets_no_ticket(world: World) -> None:
    project = world.project(world.ada, "site")
    world.projects.members[project.id][world.bob.id] = Role.VIEWER
    browser = await world.browser(world.bob)
    query = {"host": host_of(world), "nonce": "0" * 64, "to": "/"}
    fields = {"Sec-Fetch-Site": "none"}
    assert (await browser.get("/auth/preview", params=query, headers=fields, allow_redirects=False)).status == 303
    del world.projects.members[project.id][world.bob.id]
    refused = await browser.get("/auth/preview", params=query, headers=fields, allow_redirects=False)
    assert refused.headers["Location"].partition("?")[0] == f"http://{host_of(world)}/.firefly/access"


async def test_a_renamed_host_leads_to_the_new_one_for_those_who_may_know(world: World) -> None:
    project = world.project(world.ada, "site")
    old = host_of(world).partition(":")[0]
    assert project.workspace_id is not None
    new = old.replace("site", "renamed", 1)
    world.table.put(Route(old, SandboxTarget(project.workspace_id), project.id, redirect_to=new))
    query = {"host": host_of(world), "nonce": "0" * 64, "to": "/page"}
    fields = {"Sec-Fetch-Site": "none"}
    sent = await (await world.browser(world.ada)).get(
        "/auth/preview", params=query, headers=fields, allow_redirects=False
    )
    assert sent.headers["Location"] == f"http://{host_of(world, 'renamed')}/page"
    stranger = await (await world.browser(world.bob)).get(
        "/auth/preview", params=query, headers=fields, allow_redirects=False
    )
    assert "renamed" not in stranger.headers["Location"]
    assert "renamed" not in await stranger.text()
