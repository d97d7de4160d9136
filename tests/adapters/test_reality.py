"""Routes that do not fit what they are for are put right, each with its reason in the log."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from firefly.adapters.reality import RouteReality
from firefly.adapters.routes import WorkspaceRoutes
from firefly.bus import Bus
from firefly.domains import Records
from firefly.projects import Visibility, WorkspaceFacts
from firefly.routes import Access, PagesTarget, Route, RouteTable, SandboxTarget
from firefly.routes.store import RouteStore
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.clock import ManualClock
from tests.adapters.siting import site_hosts

HOST = "site--ada.preview.localhost"
CUSTOM = "www.example.org"


@dataclass
class House:
    database: Database
    store: RouteStore
    routes: WorkspaceRoutes
    table: RouteTable
    reality: RouteReality
    facts: WorkspaceFacts

    async def execute(self, statement: str, *values: object) -> None:
        async with self.database.connection() as connection:
            await connection.execute(statement, *values)

    async def add_domain(self, state: str = "active") -> None:
        await self.execute(
            "insert into domains (project_id, host, kind, state, token, added_at)"
            " values ($1, $2, 'custom', $3, '', now())",
            self.facts.project_id, CUSTOM, state,
        )  # fmt: skip

    async def put_right(self) -> dict[str, str]:
        """Hosts that were wrong, each with the reason that was logged."""
        with capture_logs() as told:
            count = await self.reality.put_right()
        found = {entry["host"]: entry["reason"] for entry in told if entry["event"] == "route.put_right"}
        assert count == len(found)
        return found


@pytest.fixture
async def house(settings: Settings, database: Database, bus: Bus, clock: ManualClock) -> House:
    """A project `ada/site` with its route, and everything as it should be."""

    async def revoke(project_id: UUID) -> None: ...

    table, facts = RouteTable(), WorkspaceFacts(uuid4(), uuid4(), "ada", "site", True)
    store = RouteStore(database, bus, table)
    domains = Records(database, bus, None, clock)  # type: ignore[arg-type]
    sites = site_hosts(database, store)
    routes = WorkspaceRoutes(store=store, settings=settings, domains=domains.served, sites=sites, revoke=revoke)
    reality = RouteReality(database=database, store=store, routes=routes, sites=sites, settings=settings)
    made = House(database, store, routes, table, reality, facts)
    account = uuid4()
    await made.execute("insert into accounts (id, name, display_name) values ($1, 'ada', 'Ada')", account)
    await made.execute("insert into workspaces (id) values ($1)", facts.workspace_id)
    await made.execute(
        "insert into projects (id, owner_id, name, workspace_id) values ($1, $2, 'site', $3)",
        facts.project_id, account, facts.workspace_id,
    )  # fmt: skip
    async with database.transaction() as connection:
        hosts = await routes.add(facts, Visibility.MEMBERS, connection)
    await routes.apply(hosts)
    return made


async def test_what_is_right_is_left_alone(house: House) -> None:
    await house.add_domain()
    target = SandboxTarget(house.facts.workspace_id, 80)
    await house.store.add(
        Route(CUSTOM, target, house.facts.project_id),
        Route(f"shop.{HOST.partition('.')[2]}", target, house.facts.project_id),
    )
    await house.store.rename(HOST, "new--ada.preview.localhost")
    before = list(house.table)
    assert await house.put_right() == {}
    assert list(house.table) == before


async def _lose_project(house: House) -> None:
    await house.execute("delete from projects")


async def _lose_workspace(house: House) -> None:
    await house.execute("update workspaces set deleted_at = now()")


async def _bin(house: House) -> None:
    await house.execute("update projects set deleted_at = now()")


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (_lose_project, "its project is gone"),
        (_lose_workspace, "its workspace is gone"),
        (_bin, "its project is in the bin"),
    ],
)
async def test_a_route_to_what_is_gone_ends(house: House, act: Callable[[House], Awaitable[None]], reason: str) -> None:
    await act(house)
    assert await house.put_right() == {HOST: reason}
    assert len(house.table) == 0
    assert await house.put_right() == {}


async def test_a_project_without_its_route_gets_it(house: House) -> None:
    await house.execute("delete from routes")
    await house.store.load()
    assert await house.put_right() == {HOST: "its project had no route there"}
    route = house.table.get(HOST)
    assert route is not None
    assert route.target == SandboxTarget(house.facts.workspace_id)


async def test_an_alias_is_no_substitute_for_it(house: House) -> None:
    await house.execute("update routes set host = $1", CUSTOM)
    await house.add_domain()
    assert HOST in await house.put_right()


async def test_a_domain_in_service_without_a_route_gets_it(house: House) -> None:
    await house.add_domain()
    assert CUSTOM in await house.put_right()
    assert {route.host for route in house.table} == {HOST, CUSTOM}
    assert await house.put_right() == {}


@pytest.mark.parametrize("state", ["suspended", None])
async def test_a_domain_out_of_service_shows_nothing(house: House, state: str | None) -> None:
    if state is not None:
        await house.add_domain(state)
    await house.store.add(Route(CUSTOM, SandboxTarget(house.facts.workspace_id), house.facts.project_id))
    assert await house.put_right() == {CUSTOM: "its domain is not in service"}
    assert [route.host for route in house.table] == [HOST]


async def test_a_route_is_open_to_whom_its_project_is(house: House) -> None:
    await house.execute("update routes set access = 'public'")
    assert await house.put_right() == {HOST: "its project is open to others"}
    route = house.table.get(HOST)
    assert route is not None
    assert route.access is Access.MEMBERS


async def test_what_cannot_be_put_right_is_told(house: House) -> None:
    await house.execute("update routes set project_id = null, kind = 'app'")
    with capture_logs() as told:
        assert await house.reality.put_right() == 0
    assert [entry["event"] for entry in told if entry["log_level"] == "error"] == ["route.wrong"]


async def test_of_two_replicas_one_does_it(house: House) -> None:
    await _lose_project(house)
    async with house.database.transaction() as connection:
        assert await house.reality._queries.take_turn(connection)
        assert await house.put_right() == {}
    assert await house.put_right() == {HOST: "its project is gone"}


@pytest.mark.parametrize("is_pages", [False, True])
async def test_hosts_of_sites_lead_where_they_are_written_to_lead(house: House, is_pages: bool) -> None:
    host, workspace_id, build_id, site_id = "main--site--ada.preview.localhost", uuid4(), uuid4(), uuid4()
    await house.execute("insert into workspaces (id) values ($1)", workspace_id)
    await house.execute(
        "insert into builds (id, project_id, number, ref, commit, trigger, state, created_at)"
        " values ($1, $2, 1, 'refs/heads/main', repeat('a', 40), 'push', 'succeeded', now())",
        build_id, house.facts.project_id,
    )  # fmt: skip
    await house.execute(
        "insert into sites (id, project_id, build_id, shows, ref, label, workspace_id, is_pages, state, created_at)"
        " values ($1, $2, $3, 'ref', 'refs/heads/main', '', $4, $5, 'live', now())",
        site_id, house.facts.project_id, build_id, None if is_pages else workspace_id, is_pages,
    )  # fmt: skip
    await house.execute(
        "insert into site_hosts (label, project_id, ref, site_id, narrowed)"
        " values ('main--site--ada', $1, 'refs/heads/main', $2, 'only members')",
        house.facts.project_id, site_id,
    )  # fmt: skip
    target = PagesTarget(site_id) if is_pages else SandboxTarget(workspace_id)
    right = Route(host, target, house.facts.project_id, Access.ONLY_MEMBERS)
    assert await house.put_right() == {host: "a site of its project had no route there"}
    assert house.table.get(host) == right
    assert await house.put_right() == {}
    await house.store.add(replace(right, target=SandboxTarget(house.facts.workspace_id)))
    assert await house.put_right() == {host: "a site of its project had no route there"}
    await house.execute("delete from site_hosts")
    assert await house.put_right() == {host: "no site has it"}
    assert house.table.get(host) is None
