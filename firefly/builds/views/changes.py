"""What changed since a branch was built well the last time: the commits between that build and another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ...errors import FireflyError
from ...git import Git, GitFailed, Repositories
from ...store import Database, load_queries
from ..asking.commits import readable
from ..model import Build
from ..queueing.records import to_build

MOST_COMMITS = 50
_LONGEST = 200
_FORMAT = "%H%x00%at%x00%an%x00%s"
_FIELDS = 4


@dataclass(frozen=True, slots=True)
class Commit:
    commit: str
    at: datetime
    author: str
    subject: str


@dataclass(frozen=True, slots=True)
class Since:
    """`since`: the build that went well, None where there was none. `more`: not all commits are named."""

    since: Build | None
    commits: Sequence[Commit] = ()
    more: bool = False


class Changes:
    def __init__(self, *, database: Database, git: Git, repositories: Repositories) -> None:
        self._database = database
        self._git = git
        self._repositories = repositories
        self._queries = load_queries("build_showing")

    async def since_good(self, build: Build) -> Since:
        """The newest first. No commits where one of the two is in the repository no more."""
        async with self._database.connection() as connection:
            row = await self._queries.last_good(
                connection, project_id=build.project_id, number=build.number, ref=build.ref
            )
        if row is None:
            return Since(None)
        good = to_build(row)
        try:
            commits = await self._between(build, good.commit)
        except (FireflyError, GitFailed):
            return Since(good)
        return Since(good, commits[:MOST_COMMITS], len(commits) > MOST_COMMITS)

    async def _between(self, build: Build, base: str) -> Sequence[Commit]:
        path = await self._repositories.existing(build.project_id)
        listed = await self._git.run(
            "log", "-z", f"--format={_FORMAT}", f"--max-count={MOST_COMMITS + 1}", f"{base}..{build.commit}", cwd=path
        )
        fields = listed.removesuffix("\0").split("\0") if listed else []
        return [_commit(*fields[at : at + _FIELDS]) for at in range(0, len(fields), _FIELDS)]


def _commit(commit: str, at: str, author: str, subject: str) -> Commit:
    return Commit(commit, _time(at), readable(author)[:_LONGEST], readable(subject)[:_LONGEST])


def _time(at: str) -> datetime:
    """A commit may name any time; what is no time of ours is the first."""
    try:
        return datetime.fromtimestamp(int(at), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
