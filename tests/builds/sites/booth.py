"""Sites of a project in which nothing runs: their rows, their hosts and their routes."""

from uuid import UUID, uuid4

from firefly.builds.sites import SiteFacts, SiteHosts, SiteRecords
from firefly.routes import Access, RouteTable
from firefly.routes.store import RouteStore
from tests.builds.yard import Yard

DOMAIN = "preview.localhost"


class Booth:
    def __init__(self, yard: Yard, project_id: UUID) -> None:
        self.yard, self.project_id = yard, project_id
        self.table = RouteTable()
        self.store = RouteStore(yard.database, yard.bus, self.table)
        self.records = SiteRecords(yard.database, yard.bus, yard.clock, domain=DOMAIN)
        self.hosts = SiteHosts(self.records, self.store)

    async def show(self, ref: str, number: int = 1, **plan: object) -> SiteFacts:
        """As if build `number` of a ref had just been found to answer."""
        build_id, workspace_id = uuid4(), uuid4()
        await self.yard.execute("insert into workspaces (id, claimed_at) values ($1, now())", workspace_id)
        await self.yard.execute(
            "insert into builds (id, project_id, number, ref, commit, trigger, state, created_at, plan)"
            " values ($1, $2, $3, $4, repeat('a', 40), 'push', 'succeeded', now(), $5)",
            build_id, self.project_id, number, ref, plan,
        )  # fmt: skip
        await self.yard.execute(
            "insert into sites (id, project_id, build_id, shows, ref, label, workspace_id, state, created_at)"
            " values ($1, $2, $3, 'ref', $4, 'main--garden--ada', $5, 'live', now())",
            uuid4(), self.project_id, build_id, ref, workspace_id,
        )  # fmt: skip
        facts = await self.records.facts(workspace_id)
        assert facts is not None
        async with self.yard.database.transaction() as connection:
            hosts = await self.hosts.show(facts, newest=True, connection=connection)
        await self.store.apply(hosts)
        return facts

    @property
    def labels(self) -> dict[str, Access]:
        """Of what is shown, not of what leads on."""
        return {route.host.removesuffix(f".{DOMAIN}"): route.access for route in self.table if not route.redirect_to}
