"""What all that is told to providers has in common: whom to tell, whether that is wanted, and where it leads."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ...git.links import Links, LinkState, ProviderLink
from ...git.providers import CredentialRefused, GitProvider
from ...store import Database, load_queries
from ..asking.pushing import build_url
from ..hooks.seams import Linked
from ..model import Build, BuildState, SiteState

_TOLD = frozenset({LinkState.LINKED, LinkState.DIVERGED})
_WORDS = {
    BuildState.WAITING: "waits for approval",
    BuildState.QUEUED: "is queued",
    BuildState.RUNNING: "is running",
    BuildState.SUCCEEDED: "succeeded",
    BuildState.FAILED: "failed",
    BuildState.TESTS_FAILED: "was built, but its tests failed",
    BuildState.CANCELLED: "was cancelled",
    BuildState.KILLED: "was ended",
    BuildState.TIMED_OUT: "took too long",
    BuildState.SUPERSEDED: "was overtaken by a newer one",
}


@dataclass(frozen=True, slots=True)
class ShownSite:
    """Of a build that is shown, or was to be."""

    state: SiteState
    url: str
    reason: str


class Telling:
    """`app_url` is where users reach Firefly, `site_url` leads to a host by its label."""

    def __init__(
        self,
        database: Database,
        *,
        links: Links,
        linked: Linked,
        app_url: str,
        site_url: Callable[[str], str],
    ) -> None:
        self.database = database
        self.queries: Any = load_queries("hooks")
        self._links = links
        self._linked = linked
        self._app_url = app_url
        self._site_url = site_url

    async def tell(self, build: Build, wish: str, told: Callable[[GitProvider, ProviderLink], Awaitable[None]]) -> None:
        """Let `told` speak to the provider of the build's project, where there is one and the project's setting
        `wish` has it so. A token that is refused breaks the link, and is nothing to try again.
        """
        link = await self._links.of_project(build.project_id)
        if link is None or link.state not in _TOLD or not await self._wants(build.project_id, wish):
            return
        try:
            await told(await self._linked.provider(link), link)
        except CredentialRefused as error:
            await self._links.set_state(link.id, LinkState.BROKEN, error.detail)

    async def _wants(self, project_id: UUID, wish: str) -> bool:
        async with self.database.connection() as connection:
            row = await self.queries.wishes_of_project(connection, project_id=project_id)
        return bool(row[wish])

    async def site(self, build: Build) -> ShownSite | None:
        async with self.database.connection() as connection:
            row = await self.queries.live_site(connection, build_id=build.id)
        return ShownSite(SiteState(row["state"]), self._site_url(row["label"]), row["reason"]) if row else None

    def url(self, build: Build) -> str:
        return build_url(self._app_url, build.owner, build.project, build.number)


def sentence(build: Build) -> str:
    """One line, without Markdown."""
    said = f"Build {build.number} {_WORDS[build.state]}"
    if build.state is BuildState.FAILED and build.failure is not None:
        return f"{said}: {' '.join(build.failure.cause.split())}"
    took = _took(build)
    return f"{said} in {took}." if took and build.state is BuildState.SUCCEEDED else f"{said}."


def _took(build: Build) -> str:
    if build.started_at is None or build.ended_at is None:
        return ""
    seconds = (build.ended_at - build.started_at).total_seconds()
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
