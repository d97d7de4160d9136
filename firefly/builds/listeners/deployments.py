"""Deployments, where the provider knows such: begun with the build, a success once its site is live."""

from uuid import UUID

from ...errors import NotFound
from ...git.links import ProviderLink
from ...git.providers import Deployment, DeploymentState, GitProvider
from ..model import Build, BuildState, SiteState
from ..seams import Notice
from .telling import Telling, sentence

_SITES = {
    SiteState.LIVE: DeploymentState.SUCCESS,
    SiteState.FAILED: DeploymentState.FAILURE,
    SiteState.REPLACED: DeploymentState.INACTIVE,
    SiteState.STOPPED: DeploymentState.INACTIVE,
    SiteState.REMOVED: DeploymentState.INACTIVE,
}


class Deployments:
    """Fulfils `Listener`."""

    name = "deployments"
    kinds = frozenset({"started", "ended", "live", "gone"})

    def __init__(self, telling: Telling) -> None:
        self._telling = telling

    async def heed(self, notice: Notice) -> None:
        build = notice.build

        async def told(provider: GitProvider, link: ProviderLink) -> None:
            if provider.deploys:
                await self._tell(provider, link, build)

        await self._telling.tell(build, "deployments", told)

    async def _tell(self, provider: GitProvider, link: ProviderLink, build: Build) -> None:
        known, site = await self._known(build.id), await self._telling.site(build)
        state = _state(build, None if site is None else site.state)
        if known is None and state in (DeploymentState.INACTIVE, DeploymentState.FAILURE):
            return
        deployment = Deployment(
            id=known, environment=build.branch, ref=await self._ref(build), commit=build.commit, state=state,
            url=site.url if site and site.state is SiteState.LIVE else "", log_url=self._telling.url(build),
            description=sentence(build),
        )  # fmt: skip
        made = await provider.put_deployment(link.repository, deployment)
        if known is None and made is not None:
            async with self._telling.database.connection() as connection:
                await self._telling.queries.put_deployment(connection, build_id=build.id, deployment=made)

    async def _known(self, build_id: UUID) -> str | None:
        async with self._telling.database.connection() as connection:
            found = await self._telling.queries.find_deployment(connection, build_id=build_id)
        return None if found is None else str(found)

    async def _ref(self, build: Build) -> str:
        """A pull request is deployed as the branch that it comes from."""
        if build.pull_request is None:
            return build.ref
        async with self._telling.database.connection() as connection:
            row = await self._telling.queries.find_pull(
                connection, project_id=build.project_id, number=build.pull_request
            )
        if row is None:
            raise NotFound("There is no such pull request any more.")
        return f"refs/heads/{row['head_ref']}"


def _state(build: Build, site: SiteState | None) -> DeploymentState:
    if build.state.is_over and build.state is not BuildState.SUCCEEDED:
        return DeploymentState.FAILURE
    return DeploymentState.PENDING if site is None else _SITES.get(site, DeploymentState.PENDING)
