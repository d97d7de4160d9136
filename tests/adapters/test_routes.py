"""Hosts of a workspace in the route store, as projects change them."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest

from firefly.adapters.routes import WorkspaceRoutes
from firefly.bus import Bus
from firefly.errors import DatabaseUnavailable, NameTaken
from firefly.projects.model import Visibility
from firefly.projects.seams import WorkspaceFacts
from firefly.routes import Access, Route, RouteTable, SandboxTarget
from firefly.routes.store import RouteStore
from firefly.settings import Settings
from firefly.store import Connection, Database
from firefly.testing.bus import MemoryBus
from tests.adapters.siting import site_hosts


@dataclass
class House:
    """The routes of workspaces, and the table that the front door reads."""

    database: Database
    routes: WorkspaceRoutes
    table: RouteTable
    revoked: list[UUID] = field(default_factory=list)

    async def add(self, name: str, visibility: Visibility = Visibility.MEMBERS) -> WorkspaceFacts:
        facts = WorkspaceFacts(uuid4(), uuid4(), "ada", name, True)
        async with self.database.transaction() as connection:
            hosts = await self.routes.add(facts, visibility, connection)
        await self.routes.apply(hosts)
        return facts

    def shown(self, name: str) -> object:
        """What the host of that name shows: a workspace, the host that it leads to, or nothing."""
        route = self.table.get(f"{name}--ada.preview.localhost")
        if route is None:
            return None
        return route.redirect_to or (route.target.workspace_id if isinstance(route.target, SandboxTarget) else None)


async def no_domains(project_id: UUID, connection: Connection) -> list[tuple[str, int | None]]:
    return []


@pytest.fixture
def house(settings: Settings, database: Database) -> House:
    table = RouteTable()
    revoked: list[UUID] = []

    async def revoke(project_id: UUID) -> None:
        revoked.append(project_id)

    store = RouteStore(database, MemoryBus(), table)
    return House(
        database,
        WorkspaceRoutes(
            store=store, settings=settings, domains=no_domains, sites=site_hosts(database, store), revoke=revoke
        ),
        table,
        revoked,
    )


async def test_a_project_that_is_closed_ends_what_its_visitors_have_open(
    settings: Settings, database: Database, bus: Bus
) -> None:
    revoked: list[UUID] = []

    async def revoke(project_id: UUID) -> None:
        revoked.append(project_id)

    table = RouteTable()
    store = RouteStore(database, bus, table)
    routes = WorkspaceRoutes(
        store=store, settings=settings, domains=no_domains, sites=site_hosts(database, store), revoke=revoke
    )
    facts = WorkspaceFacts(uuid4(), uuid4(), "ada", "site", True)
    async with database.transaction() as connection:
        await routes.add(facts, Visibility.MEMBERS, connection)
        await routes.set_visibility(facts.project_id, Visibility.PUBLIC, connection)
        hosts = await routes.set_visibility(facts.project_id, Visibility.MEMBERS, connection)
    assert table.get(routes.host(facts)) is None
    await routes.apply(hosts)
    await routes.end_visits(facts.project_id)
    assert revoked == [facts.project_id]
    route = table.get(routes.host(facts))
    assert route is not None
    assert (route.access, route.policy_version) == (Access.MEMBERS, 3)


@pytest.mark.parametrize(
    ("visibility", "access"), [(Visibility.MEMBERS, Access.MEMBERS), (Visibility.PUBLIC, Access.PUBLIC)]
)
async def test_a_host_shows_its_workspace_to_whom_the_project_is_open(
    house: House, visibility: Visibility, access: Access
) -> None:
    facts = await house.add("site", visibility)
    assert house.shown("site") == facts.workspace_id
    route = house.table.get(house.routes.host(facts))
    assert route is not None
    assert (route.access, route.project_id) == (access, facts.project_id)


async def test_the_port_of_the_content_domain_is_no_part_of_a_host(settings: Settings, house: House) -> None:
    assert ":" in settings.content_domain
    assert house.routes.host(await house.add("site")) == "site--ada.preview.localhost"


async def test_an_old_name_leads_to_the_new_one_and_is_nobody_elses(house: House) -> None:
    old = await house.add("site")
    new = WorkspaceFacts(old.workspace_id, old.project_id, "ada", "blog", True)
    async with house.database.transaction() as connection:
        hosts = await house.routes.rename(old, new, connection)
    await house.routes.apply(hosts)
    assert house.shown("blog") == old.workspace_id
    assert house.shown("site") == "blog--ada.preview.localhost"
    with pytest.raises(NameTaken, match="site--ada"):
        await house.add("site")


async def test_a_project_in_the_bin_shows_nothing_and_keeps_its_host_until_it_is_no_more(house: House) -> None:
    facts = await house.add("site")
    async with house.database.transaction() as connection:
        hosts = await house.routes.remove(facts.project_id, connection)
    await house.routes.apply(hosts)
    assert house.shown("site") is None
    with pytest.raises(NameTaken):
        await house.add("site")
    async with house.database.transaction() as connection:
        hosts = await house.routes.release(facts.project_id, connection)
    await house.routes.apply(hosts)
    assert house.shown("site") is None
    assert house.shown((await house.add("site")).name) is not None


async def test_a_domain_that_another_project_has_meanwhile_keeps_no_project_away(
    settings: Settings, database: Database, bus: Bus
) -> None:
    async def domains(project_id: UUID, connection: Connection) -> list[tuple[str, int | None]]:
        return [("taken.example", None), ("free.example", 8080)]

    async def revoke(project_id: UUID) -> None: ...

    table = RouteTable()
    store = RouteStore(database, bus, table)
    await store.add(taken := Route("taken.example", SandboxTarget(uuid4()), uuid4()))
    routes = WorkspaceRoutes(
        store=store, settings=settings, domains=domains, sites=site_hosts(database, store), revoke=revoke
    )
    facts = WorkspaceFacts(uuid4(), uuid4(), "ada", "site", True)
    async with database.transaction() as connection:
        hosts = await routes.add(facts, Visibility.MEMBERS, connection)
    await routes.apply(hosts)
    assert table.get("taken.example") == taken
    assert {route.host: route.target for route in table if route.project_id == facts.project_id} == {
        routes.host(facts): SandboxTarget(facts.workspace_id),
        "free.example": SandboxTarget(facts.workspace_id, 8080),
    }


async def test_a_change_that_is_rolled_back_shows_nowhere(house: House) -> None:
    facts = await house.add("site")

    async def change() -> None:
        async with house.database.transaction() as connection:
            await house.routes.set_visibility(facts.project_id, Visibility.PUBLIC, connection)
            raise NameTaken("Something else went wrong.")

    with pytest.raises(NameTaken):
        await change()
    await house.routes.apply([house.routes.host(facts)])
    route = house.table.get(house.routes.host(facts))
    assert route is not None
    assert (route.access, route.policy_version) == (Access.MEMBERS, 1)


async def test_what_is_shown_stays_while_the_database_is_away(house: House) -> None:
    facts = await house.add("site")
    await house.database.close()
    with pytest.raises(DatabaseUnavailable):
        await house.add("blog")
    assert (house.shown("site"), house.shown("blog")) == (facts.workspace_id, None)
    assert house.revoked == []
