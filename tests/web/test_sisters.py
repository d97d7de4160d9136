"""One entry for all hosts of a project: who is let in at a sister host, and everything that must not be."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientResponse

from firefly.access import Place
from firefly.auth import Grant, Kind
from firefly.projects import Project
from firefly.routes import Route, SandboxTarget

from .test_previews import cookie, host_of, value
from .visitors import VISIT, link_of, nowhere
from .world import World

PICTURE = {"Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "same-site"}


class Way:
    """A visitor with a grant at the main host of `project`, on his way to another of its hosts."""

    def __init__(self, world: World, project: Project) -> None:
        self.world = world
        self.project = project
        self.host = host_of(world)
        self.sister = f"8081--{self.host}"
        self.grant = self.granted()
        self.page = f"http://{self.host}/"

    def granted(self, **more: Any) -> Grant:
        return self.world.services.grants.make(Kind.LINK, self.project.id, 1, **more)

    async def ask(self, host: str, path: str, **more: str) -> ClientResponse:
        fields = {**PICTURE, "Referer": self.page, **{name.replace("_", "-"): text for name, text in more.items()}}
        sent = {name: text for name, text in fields.items() if text}
        response: ClientResponse = await self.world.visitor(host).get(path, headers=sent, allow_redirects=False)
        return response

    async def join(self, **more: str) -> tuple[str, str]:
        """The nonce, and the path at the main host that it leads to."""
        response = await self.ask(self.sister, "/.firefly/join", **more)
        assert response.status == 302, await response.text()
        there = urlsplit(response.headers["Location"])
        assert there.netloc == self.host
        return value(cookie(response, "__Host-firefly-join")), f"{there.path}?{there.query}"

    async def vouch(self, path: str, **more: str) -> ClientResponse:
        sealed = self.world.services.grants.seal(self.grant)
        return await self.ask(self.host, path, **{"Cookie": f"__Host-firefly-grant={sealed}", **more})

    async def pass_of(self, path: str) -> str:
        response = await self.vouch(path)
        assert response.status == 302
        back = urlsplit(response.headers["Location"])
        assert back.netloc == self.sister
        return f"{back.path}?{back.query}"

    async def joined(self, path: str, nonce: str, **more: str) -> ClientResponse:
        fields = {"Cookie": f"__Host-firefly-join={nonce}", **more}
        return await self.ask(self.sister, path, **fields)


@pytest.fixture
async def way(world: World) -> Way:
    return Way(world, await world.shared(world.ada, "site"))


async def test_a_visitor_of_one_host_has_the_same_grant_at_another(way: Way) -> None:
    nonce, path = await way.join()
    entered = await way.joined(await way.pass_of(path), nonce)
    assert entered.status == 204
    field = cookie(entered, "__Host-firefly-grant")
    for attribute in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"):
        assert attribute in field
    found = way.world.services.grants.verify(value(field).encode(), way.project.id, 1)
    assert found is not None
    assert (found.id, found.kind, found.ends_at) == (way.grant.id, way.grant.kind, way.grant.ends_at)


async def test_a_pass_is_good_once_in_time_and_only_with_its_nonce_and_host(way: Way) -> None:
    nonce, path = await way.join()
    good = await way.pass_of(path)
    other = replace_host(way, f"8082--{way.host}")
    refused = [
        await way.joined(good, "x" * 43),
        await way.joined(good, ""),
        await other.joined(good, nonce),
        await way.joined(good[:-4] + "AAAA", nonce),
        await way.joined("/.firefly/joined?pass=%ff&pass=", nonce),
        await way.joined(good, nonce, Sec_Fetch_Dest="document", Sec_Fetch_Mode="navigate"),
        await way.joined(good, nonce, Sec_Fetch_Mode="cors"),
    ]
    assert (await way.joined(good, nonce)).status == 204
    refused.append(await way.joined(good, nonce))
    late = await way.pass_of(path)
    way.world.clock.advance(31)
    refused.append(await way.joined(late, nonce))
    for response in refused:
        assert (response.status, cookie(response, "__Host-firefly-grant")) == (404, "")


def replace_host(way: Way, sister: str) -> Way:
    other = Way(way.world, way.project)
    other.sister = sister
    return other


async def test_a_pass_is_worth_nothing_when_access_was_taken_meanwhile(way: Way) -> None:
    services = way.world.services
    nonce, path = await way.join()
    before = await way.pass_of(path)
    route = way.world.table.get(way.host.partition(":")[0])
    assert route is not None
    way.world.table.put(replace(route, policy_version=2))
    assert (await way.joined(before, nonce)).status == 404, "a grant of the older policy"
    way.world.table.put(route)
    before = await way.pass_of(path)
    way.world.clock.advance(1)
    await services.grants.revoke("test", grant_id=way.grant.id)
    assert (await way.joined(before, nonce)).status == 404
    assert (await way.vouch(path)).status == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"Referer": ""},
        {"Referer": "http://evil.example/"},
        {"Referer": "https://{host}/"},
        {"Referer": "http://{host}:x@evil.example/"},
        {"Referer": "http://localhost/"},
        {"Sec_Fetch_Dest": "document", "Sec_Fetch_Mode": "navigate"},
        {"Sec_Fetch_Dest": "iframe", "Sec_Fetch_Mode": "navigate"},
        {"Sec_Fetch_Mode": "cors"},
        {"Sec_Fetch_Dest": "empty"},
        {"Sec_Fetch_Dest": ""},
    ],
)
async def test_only_a_picture_on_a_page_of_ours_leads_anywhere(way: Way, fields: dict[str, str]) -> None:
    given = {name: text.format(host=way.host.partition(":")[0]) for name, text in fields.items()}
    response = await way.ask(way.sister, "/.firefly/join", **given)
    assert (response.status, response.headers.get("Location"), cookie(response, "__Host-firefly-join")) == (
        404,
        None,
        "",
    )


async def test_another_preview_cannot_have_a_visitor_vouched_for(way: Way) -> None:
    """Its own page, its own nonce, or its own host in the place of the sister's."""
    way.world.project(way.world.bob, "trap")
    trap = host_of(way.world, "trap", "bob")
    _, path = await way.join()
    nonce = "nonce=" + "0" * 64
    assert (await way.vouch(path, Referer=f"http://{trap}/")).status == 404
    for host in (trap, f"{trap}/@", f"x@{trap}", f"{way.sister}.evil.example", f"{way.sister}:9", "evil.example", ""):
        response = await way.vouch(f"/.firefly/vouch?host={host}&{nonce}")
        assert (response.status, response.headers.get("Location")) == (404, None), host
    stolen = await way.pass_of(f"/.firefly/vouch?host={way.sister}&{nonce}")
    assert (await way.joined(stolen, "x" * 43)).status == 404, "a nonce that this browser does not keep"


async def test_without_a_grant_all_hosts_answer_alike(way: Way) -> None:
    unknown = nowhere(way.world)
    way.world.project(way.world.bob, "other")
    answers = []
    for host in (way.host, unknown, host_of(way.world, "other", "bob")):
        for path in (f"/.firefly/vouch?host={way.sister}&nonce={'0' * 64}", "/.firefly/joined?pass=x"):
            response = await way.ask(host, path, Referer=f"http://{host}/", Cookie="__Host-firefly-join=" + "x" * 43)
            fields = {
                name: text for name, text in response.headers.items() if name.lower() not in {"x-request-id", "date"}
            }
            answers.append((response.status, fields, await response.text()))
    for answer in answers:
        assert answer == answers[0]
    for host in (way.sister, f"8081--{unknown}"):
        response = await way.ask(host, "/.firefly/join")
        assert response.status == 302, "it leads to the page's own host, and tells nothing about this one"


async def test_a_host_that_was_renamed_is_no_sister(way: Way) -> None:
    way.world.table.put(
        Route(way.host.partition(":")[0], SandboxTarget(way.project.id), way.project.id, redirect_to="new.example")
    )
    assert (await way.vouch(f"/.firefly/vouch?host={way.sister}&nonce={'0' * 64}")).status == 404


async def know_routes(world: World) -> None:
    """Let the database know the table, as it does in a whole server."""
    async with world.services.database.connection() as connection:
        for route in world.table:
            assert isinstance(route.target, SandboxTarget)
            await connection.execute(
                "insert into routes (host, kind, target, project_id) values ($1, 'sandbox', $2, $3)",
                route.host, {"workspace_id": str(route.target.workspace_id), "port": route.target.port},
                route.project_id,
            )  # fmt: skip


async def test_the_way_in_leads_by_all_hosts_of_the_project_and_no_other(way: Way) -> None:
    world = way.world
    world.table.put(Route("www.example", SandboxTarget(way.project.id, 9000), way.project.id))
    world.project(world.bob, "other")
    await know_routes(world)
    path = await link_of(world)
    entered = await world.visitor(way.sister).get(f"{path}?to=/p", headers=VISIT, allow_redirects=False)
    text = await entered.text()
    assert (entered.status, cookie(entered, "__Host-firefly-grant") != "") == (200, True)
    port = world.settings.content_domain.partition(":")[2]
    for host in (way.host, f"www.example:{port}"):
        assert f'"http://{host}/.firefly/join"' in text
    assert "other--bob" not in text
    assert text.count("/.firefly/join") == 2
    assert 'href="/p"' in text
    again = await world.visitor(way.host).get(f"{path}?to=/p", headers=VISIT, allow_redirects=False)
    assert f"http://{way.sister}/.firefly/join" in await again.text(), "a port where somebody was let in is known"
    program = await world.visitor(way.host).get(
        f"{path}?to=/p", headers={**VISIT, "Sec-Fetch-Dest": "object"}, allow_redirects=False
    )
    assert program.status == 303


async def test_no_more_hosts_than_some(way: Way) -> None:
    sisters = way.world.services.access.sisters
    for port in range(9000, 9030):
        await sisters.note(replace(place(way), host=f"{port}--site--ada.preview.localhost"))
    async with way.world.services.database.connection() as connection:
        assert await connection.fetchval("select count(*) from access_hosts") == 8
    assert len(await sisters.of(place(way))) == 8


def place(way: Way) -> Place:
    return Place(way.host.partition(":")[0], way.project.id, 1)


async def test_what_is_ended_while_somebody_is_let_in_is_ended(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    world = way.world
    path, sisters = await link_of(world), world.services.access.sisters

    async def slow(place: Place) -> list[str]:
        await world.services.grants.revoke("test", grant_id=way.project.id)
        return []

    world.clock.advance(1)
    monkeypatch.setattr(sisters, "of", slow)
    entered = await world.visitor(way.host).get(path, headers=VISIT, allow_redirects=False)
    sealed = value(cookie(entered, "__Host-firefly-grant")).encode()
    assert world.services.grants.verify(sealed, way.project.id, 1) is None
