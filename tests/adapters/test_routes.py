"""Hosts of a workspace in the route store, as projects change them."""

from uuid import UUID, uuid4

from firefly.adapters.routes import WorkspaceRoutes
from firefly.bus import Bus
from firefly.projects.model import Visibility
from firefly.projects.seams import WorkspaceFacts
from firefly.routes import Access, RouteTable
from firefly.routes.store import RouteStore
from firefly.settings import Settings
from firefly.store import Database


async def test_a_project_that_is_closed_ends_what_its_visitors_have_open(
    settings: Settings, database: Database, bus: Bus
) -> None:
    revoked: list[UUID] = []

    async def revoke(project_id: UUID) -> None:
        revoked.append(project_id)

    table = RouteTable()
    routes = WorkspaceRoutes(store=RouteStore(database, bus, table), settings=settings, revoke=revoke)
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
