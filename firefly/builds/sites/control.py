"""What people do with sites by hand: stop, start, keep as a demo."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from uuid import UUID

from firefly.auth import Identity
from firefly.errors import Conflict, NotFound
from firefly.projects import Action, Projects
from firefly.sandbox.tasks import Tasks

from ..asking.builds import Builds, full_ref
from ..model import Build, BuildState, Site, SiteState
from ..seams import BuildLog, Publisher
from .draining import Draining
from .records import SiteRecords
from .seams import Exhibits

OpenLog = Callable[[Build], AbstractAsyncContextManager[BuildLog]]
NONE = "Nothing shows this build."


class SiteControl:
    """For editors; demos for maintainers. `open_log` opens that of a build which has ended."""

    def __init__(
        self, *, records: SiteRecords, builds: Builds, projects: Projects, draining: Draining, publisher: Publisher,
        exhibits: Exhibits, open_log: OpenLog,
    ) -> None:  # fmt: skip
        self._records = records
        self._queries = records.queries
        self._builds = builds
        self._projects = projects
        self._draining = draining
        self._publisher = publisher
        self._exhibits = exhibits
        self._open_log = open_log
        self._tasks = Tasks()

    async def stop(self, identity: Identity, build_id: UUID) -> Build:
        """Until somebody starts it: whoever opens its address is told so. Raises Conflict where nothing is shown."""
        build = await self._builds.get(identity, build_id, Action.RUN)
        site = await self._records.of_build(build.id)
        if site is None or not site.is_shown or site.state not in (SiteState.LIVE, SiteState.REPLACED):
            raise Conflict(NONE)
        reason = f"{identity.account.name} stopped it."
        await self._records.put(site.id, SiteState.STOPPED, reason)
        self._exhibits.forget(build.id)
        await self._draining.stop(site.id, reason)
        return build

    async def start(self, identity: Identity, build_id: UUID) -> Build:
        """Show what was built again, also where that failed, or its branch is gone. Raises Conflict for no good build.

        It goes on when this returns; the site says when it is shown, or why not.
        """
        build = await self._builds.get(identity, build_id, Action.RUN)
        if build.state is not BuildState.SUCCEEDED:
            raise Conflict("Only what was built well is shown.")
        site = await self._records.of_build(build.id)
        if site is not None:
            await self._records.put(site.id, SiteState.STARTING, f"{identity.account.name} starts it.")
        self._tasks.start(self._show(build), f"site-start-{build.id}")
        return build

    async def _show(self, build: Build) -> None:
        async with self._open_log(build) as log:
            await self._publisher.publish(build, log)

    async def run(self) -> None:
        """For as long as the server runs; what is being started then is given up."""
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await self._tasks.close()

    async def demo(self, identity: Identity, owner: str, name: str, ref: str, *, is_demo: bool) -> None:
        """A demo is not stopped for other sites, nor counted with them. Raises NotFound for a ref without one."""
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        about = {"project_id": project.id, "ref": full_ref(ref)}
        async with self._records.database.transaction() as connection:
            if await self._queries.live_site_of_ref(connection, **about) is None:
                raise NotFound("Nothing shows this branch.")
            await self._queries.set_demo(connection, **about, is_demo=is_demo)

    async def of(self, build_id: UUID) -> Site | None:
        """The site of a build, for who may see the build."""
        return await self._records.of_build(build_id)
