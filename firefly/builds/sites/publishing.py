"""Shows what was built: started from its artifact, looked at, routed; then whoever was there before is drained."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID, uuid4

import structlog

from firefly.errors import FireflyError, NotFound
from firefly.sandbox.keeper import Keeper
from firefly.store import Connection

from ..images.running import named
from ..model import Build, SiteState
from ..queueing.records import plain
from ..seams import BuildLog, StepLog
from .draining import Draining
from .facts import SiteFacts
from .hosts import SiteHosts
from .records import SiteRecords
from .seams import Unpacking
from .starting import Starting
from .watching import SHOWN

log = structlog.get_logger()

GONE, LATE = "Its branch, tag or pull request is gone.", "A newer build is shown."


class Sites:
    """Fulfils `Publisher`."""

    def __init__(
        self,
        *,
        records: SiteRecords,
        hosts: SiteHosts,
        keeper: Keeper,
        starting: Starting,
        unpacking: Unpacking,
        draining: Draining,
        apply: Callable[[list[str]], Awaitable[None]],
        url: Callable[[str], str],
    ) -> None:
        """`apply` puts what is committed of hosts into effect here; `url` leads browsers to a host."""
        self._records = records
        self._queries = records.queries
        self._hosts = hosts
        self._keeper = keeper
        self._starting = starting
        self._unpacking = unpacking
        self._draining = draining
        self._apply = apply
        self._url = url

    async def publish(self, build: Build, log: BuildLog) -> None:
        """What goes wrong becomes the site's failure. A build that was shown before is shown again."""
        facts, again = None, False
        try:
            async with log.step("start") as step:
                facts, again = await self._begin(build)
                port = await self._starting.start(facts, step)
            async with log.step("health") as step:
                await self._starting.look(facts, step, host=self._records.host(facts.label), port=port)
            async with log.step("route") as step:
                await self._route(facts, step, again=again)
        except FireflyError as error:
            await self._fail(facts, error.detail, again=again)
        except BaseException:
            await self._fail(facts, "It was not brought to its end. Start it again.", again=again)
            raise

    async def _begin(self, build: Build) -> tuple[SiteFacts, bool]:
        """The site of a build, a new one or the one that it has already, with what it is shown from; which it is."""
        known = await self._records.of_build(build.id)
        if known is not None and known.is_shown:
            await self._records.put(known.id, SiteState.STARTING, "It is started again.")
            return await self._facts(known.id), True
        if build.artifact is None:
            raise NotFound("The build made nothing that could be shown.")
        async with self._records.database.connection() as connection:
            made = await self._queries.made_by(connection, build_id=build.id)
        if made["kind"] == "site":
            # Pages are unpacked by whichever server is asked for them.
            return await self._facts(await self._enter(build, None)), False
        workspace_id = await self._workspace(build.artifact, **made)
        try:
            site_id = await self._enter(build, workspace_id)
        except BaseException:
            await self._keeper.remove(workspace_id)
            raise
        return await self._facts(site_id), False

    async def _workspace(self, artifact: str, *, kind: str | None, runtime: str | None) -> UUID:
        joins = self._keeper.joins_images
        if kind == "image":
            # An image is started beside a workspace that has nothing in it.
            prepared = await self._keeper.claim_prepared() if joins else None
            return prepared.workspace_id if prepared else await self._keeper.create_workspace()
        if named(runtime) and not joins:
            # It starts once, with its image, when it is known whose it is; what it lacks then it is given.
            return await self._keeper.create_workspace()
        return await self._unpacking.begin(artifact)

    async def _enter(self, build: Build, workspace_id: UUID | None) -> UUID:
        """Write a new site down, of pages without a workspace; which."""
        now, site_id = self._records.clock.now(), uuid4()
        about = {"project_id": build.project_id, "ref": build.ref}
        async with self._records.database.transaction() as connection:
            await self._queries.lock_ref(connection, **about)
            before = await self._queries.live_site_of_ref(connection, **about)
            label = await self._hosts.label(build.project_id, build.ref, build.owner, build.project, connection)
            if workspace_id is not None:
                entry = {"workspace_id": workspace_id, "build_id": build.id}
                await self._queries.insert_site_workspace(connection, **entry, now=now)
            await self._queries.insert_site(
                connection, id=site_id, **about, build_id=build.id, label=label, workspace_id=workspace_id,
                reason="It is being started.", is_demo=before is not None and before["is_demo"], now=now,
                database_from=before["workspace_id"] if before else None, is_pages=workspace_id is None,
            )  # fmt: skip
            await self._records.announce(build.project_id, build.id, SiteState.STARTING, connection)
        return site_id

    async def _facts(self, site_id: UUID) -> SiteFacts:
        facts = await self._records.facts_of(site_id)
        if facts is None or facts.is_deleted:
            raise NotFound("Its project is gone.")
        return facts

    async def _route(self, facts: SiteFacts, step: StepLog, *, again: bool) -> None:
        """In one transaction: the hosts, and what shows the ref from now on.

        Of a ref that is gone only what was shown before is shown `again`, at its own address.
        """
        async with self._records.database.transaction() as connection:
            await self._queries.lock_ref(connection, project_id=facts.project_id, ref=facts.ref)
            facts = await self._as_it_is(facts, connection)
            about = {"project_id": facts.project_id, "ref": facts.ref}
            before = await self._queries.live_site_of_ref(connection, **about)
            ended = await self._queries.is_ended(connection, **about)
            if ended and not again:
                raise NotFound(GONE)
            newest = not ended and (before is None or before["number"] <= facts.number)
            if newest and before is not None and plain(before["id"]) != facts.id:
                reason = f"Build {facts.number} took its place."
                await self._records.put(plain(before["id"]), SiteState.REPLACED, reason, connection)
                await self._draining.begin(plain(before["id"]), connection)
            hosts = await self._hosts.show(facts, newest=newest, connection=connection)
            if not newest:
                await self._queries.show_build_only(connection, id=facts.id)
            reason = SHOWN if newest else f"{GONE if ended else LATE} It has an address of its own only."
            await self._queries.forget_database_before(connection, id=facts.id)
            await self._records.put(facts.id, SiteState.LIVE, reason, connection)
        await self._apply(hosts)
        self._draining.wake()
        own, *of_ref = (self._url(host) for host in hosts)
        await step.say(f"It is shown at {of_ref[0]}, and by itself at {own}" if newest else f"It is shown at {own}")

    async def _as_it_is(self, facts: SiteFacts, connection: Connection) -> SiteFacts:
        """With the names and the visibility that its project has now. Raises NotFound where it is gone."""
        project = await self._queries.lock_project(connection, project_id=facts.project_id)
        if project is None:
            raise NotFound("Its project is gone.")
        return replace(facts, **dict(project))

    async def _fail(self, facts: SiteFacts | None, reason: str, *, again: bool) -> None:
        """Whoever was there before stays. What was started of it ends, and leaves nothing where it was never shown."""
        if facts is None:
            return
        async with self._records.database.transaction() as connection:
            if not await self._records.fail(facts.id, reason, connection):
                return
            await self._draining.end(facts.id, reason, empties=not again, connection=connection)
        await self._draining.look()
