"""Labels of refs: each its own, readable where it can be, moved with their project."""

from uuid import UUID, uuid4

import pytest

from firefly.auth import Identity
from firefly.builds.sites import SiteHosts, SiteRecords
from firefly.routes import Access, RouteTable
from firefly.routes.store import RouteStore
from tests.builds.yard import Yard

DOMAIN = "preview.localhost"


class Booth:
    """Sites of a project in which nothing runs."""

    def __init__(self, yard: Yard, project_id: UUID) -> None:
        self.yard, self.project_id = yard, project_id
        self.table = RouteTable()
        self.store = RouteStore(yard.database, yard.bus, self.table)
        self.records = SiteRecords(yard.database, yard.bus, yard.clock, domain=DOMAIN)
        self.hosts = SiteHosts(self.records, self.store)

    async def show(self, ref: str, number: int = 1, **plan: object) -> None:
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
            " values ($1, $2, $3, 'ref', $4, '', $5, 'live', now())",
            uuid4(), self.project_id, build_id, ref, workspace_id,
        )  # fmt: skip
        facts = await self.records.facts(workspace_id)
        assert facts is not None
        async with self.yard.database.transaction() as connection:
            hosts = await self.hosts.show(facts, newest=True, connection=connection)
        await self.store.apply(hosts)

    @property
    def labels(self) -> dict[str, Access]:
        """Of what is shown, not of what leads on."""
        return {route.host.removesuffix(f".{DOMAIN}"): route.access for route in self.table if not route.redirect_to}


@pytest.fixture
async def booth(yard: Yard, ada: Identity) -> Booth:
    return Booth(yard, await yard.project(ada))


async def test_no_two_refs_share_a_label(booth: Booth) -> None:
    refs = ("heads/release", "tags/release", "heads/live", "heads/" + "1" * 250, "heads/123", "heads/feature/a",
            "heads/feature-a", "heads/Feature-A", "heads/pr-3", "pull/3", "heads/build-1", "heads/xx")  # fmt: skip
    for number, ref in enumerate(refs, 1):
        await booth.show(f"refs/{ref}", number, configuration={"urls": ["api"]})
    labels = booth.labels
    # Of each its own, the further host, and that of its build.
    assert len(labels) == 3 * len(refs)
    assert max(map(len, labels)) <= 63
    assert {"release--garden--ada", "pr-3--garden--ada", "feature-a--garden--ada", "build-3--garden--ada"} < set(labels)
    assert not set(labels) & {"live--garden--ada", "123--garden--ada"}


async def test_hosts_move_with_their_project_and_come_back_from_the_bin_as_they_were(booth: Booth) -> None:
    await booth.show("refs/heads/main", configuration={"urls": ["api"], "preview": {"access": "code"}})
    async with booth.yard.database.transaction() as connection:
        hosts = await booth.hosts.rename(booth.project_id, ("garden", "ada"), ("park", "ada"), connection)
    await booth.store.apply(hosts)
    shown = dict.fromkeys(["main--park--ada", "api--main--park--ada", "build-1--park--ada"], Access.ONLY_CODE)
    assert booth.labels == shown
    old = booth.table.get(f"main--garden--ada.{DOMAIN}")
    assert old is not None
    assert old.redirect_to == f"main--park--ada.{DOMAIN}"

    await booth.store.apply(await booth.store.remove(booth.project_id))
    assert booth.labels == {}
    async with booth.yard.database.transaction() as connection:
        hosts = await booth.hosts.route(booth.project_id, "public", connection)
    await booth.store.apply(hosts)
    # What firefly.yml narrows stays so, also when the project becomes public.
    assert booth.labels == shown
    await booth.store.set_access(booth.project_id, Access.PUBLIC)
    assert booth.labels == shown
