"""The branches, tags and pull requests of a project, each with its newest build."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from ...auth import Identity
from ...errors import NotFound
from ...projects import Action, Projects
from ...store import load_queries
from ..asking.builds import full_ref
from ..model import Build, Site, branch_of
from ..queueing.records import Records, plain, to_build
from ..sites import SiteRecords

MOST = 500
# One that is gone is shown so long, with what became of it.
LINGERS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class PullRequest:
    number: int
    title: str
    url: str
    state: str


@dataclass(frozen=True, slots=True)
class Branch:
    """`reason`: why it was not built, where it was not."""

    ref: str
    commit: str
    reason: str
    deleted: bool
    pull_request: PullRequest | None
    newest: Build | None
    site: Site | None

    @property
    def branch(self) -> str:
        return branch_of(self.ref)

    @property
    def subject(self) -> str:
        return self.newest.subject if self.newest else ""


class Branches:
    def __init__(self, *, records: Records, sites: SiteRecords, projects: Projects) -> None:
        self._records = records
        self._sites = sites
        self._projects = projects
        self._queries = load_queries("build_showing")

    async def list(self, identity: Identity, owner: str, name: str) -> Sequence[Branch]:
        """At most 500, those in which something happened last first."""
        project = await self._projects.get(identity, owner, name, Action.FOLLOW)
        since = self._records.clock.now() - LINGERS
        async with self._records.database.connection() as connection:
            rows = [
                row async for row in self._queries.branches(connection, project_id=project.id, since=since, most=MOST)
            ]
            found = self._queries.builds_by_id(connection, ids=[row["newest"] for row in rows if row["newest"]])
            builds = {build.id: build for build in [to_build(row) async for row in found]}
        sites = await self._sites.of_builds([plain(row["shown"]) for row in rows if row["shown"]])
        return [_branch(row, builds, sites) for row in rows]

    async def one(self, identity: Identity, owner: str, name: str, ref: str) -> Branch:
        """Raises NotFound."""
        for branch in await self.list(identity, owner, name):
            if branch.ref == ref:
                return branch
        raise NotFound("There is no such branch.")


def _branch(row: Mapping[str, Any], builds: Mapping[UUID, Build], sites: Mapping[UUID, Site]) -> Branch:
    asked = PullRequest(row["number"], row["title"], row["url"], row["request_state"]) if row["number"] else None
    newest = builds.get(plain(row["newest"])) if row["newest"] else None
    site = sites.get(plain(row["shown"])) if row["shown"] else None
    return Branch(row["ref"], row["commit"], row["reason"], row["deleted"], asked, newest, site)


def ref_of(branch: str) -> str:
    """What `branch_of` made of it, or a whole ref, as a ref."""
    kind, _, number = branch.partition("-")
    return f"refs/pull/{number}" if kind == "pr" and number.isascii() and number.isdigit() else full_ref(branch)
