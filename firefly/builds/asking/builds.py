"""Builds, as members of a project see and ask for them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ...audit import Audit
from ...auth import Identity
from ...errors import Conflict, InvalidInput, LimitReached, NotFound
from ...projects import Action, Project, Projects
from ...store import Connection
from ..model import Build, BuildState, NewBuild, Trigger
from ..queueing.queue import Place, Queue
from ..queueing.records import Records
from .commits import Commits
from .heads import Heads, Moved

LARGEST_PAGE, MOST_WAITING = 100, 200
UNKNOWN = "There is no such build, or you may not see it."
# The number of a pull request, as it can be stored; or no pull request at all.
_PULL = re.compile(r"refs/pull/[1-9][0-9]{0,8}|(?!refs/pull/).*")


@dataclass(frozen=True, slots=True)
class BuildPage:
    """`cursor` is passed to the next call; None: this was the last page."""

    builds: Sequence[Build]
    cursor: str | None


class Builds:
    """Whoever has a role in a project sees its builds, visitors of a public one do not: their logs may tell anything.

    Asking for one, ending it and trying again is for editors.
    """

    def __init__(
        self, *, records: Records, queue: Queue, heads: Heads, commits: Commits, projects: Projects, audit: Audit
    ) -> None:
        self._records = records
        self._queries = records.queries
        self._queue = queue
        self._heads = heads
        self._commits = commits
        self._projects = projects
        self._audit = audit

    async def request(self, new: NewBuild) -> Build:
        """For other parts, which have decided that it may be built, whatever the project's policy (see `consider`).

        It is written down when this returns. The newest build of the ref where that is of the same commit and did not
        fail, unless `new` is forced.
        """
        facts = await self._commits.find(new.project_id, new.commit)
        async with self._records.database.transaction() as connection:
            build, _ = await self._queue.enter(new, connection, facts=facts)
        return build

    async def consider(self, new: NewBuild) -> Moved:
        """For what comes from outside, as a webhook does: as `request`, where the project's policy allows it."""
        facts = await self._commits.find(new.project_id, new.commit)
        async with self._records.database.transaction() as connection:
            return await self._heads.moved(new, connection, facts=facts)

    async def ref_ended(self, project_id: UUID, ref: str, reason: str) -> None:
        """A branch was deleted elsewhere, or a pull request is over: its builds and sites end."""
        async with self._records.database.transaction() as connection:
            await self._heads.ended(project_id, ref, reason, connection)

    async def ask(
        self,
        identity: Identity,
        owner: str,
        name: str,
        *,
        ref: str | None = None,
        commit: str | None = None,
        forced: bool = False,
        trigger: Trigger = Trigger.MANUAL,
    ) -> Build:
        """`ref`: a branch, or a whole ref; the default branch without one. `commit`: what it shows now without one.

        Raises InvalidInput where the repository has no such ref or commit, LimitReached.
        """
        project = await self._projects.get(identity, owner, name, Action.RUN)
        whole = full_ref(ref or project.default_branch)
        if commit is not None and (len(commit) not in (40, 64) or set(commit) - set("0123456789abcdef")):
            raise InvalidInput("A commit is named by its 40 hexadecimal digits.", field="commit")
        if commit is None and whole.startswith("refs/pull/"):
            commit = await self._head(project.id, whole)
        try:
            facts = await self._commits.look(project.id, commit or whole)
        except NotFound as error:
            what = f"commit {commit}" if commit else f"branch, tag or pull request {ref or whole}"
            raise InvalidInput(f"{project.path} has no {what}.", field="commit" if commit else "ref") from error
        new = NewBuild(
            project_id=project.id, ref=whole, commit=facts.commit, trigger=trigger, account_id=identity.account.id,
            forced=forced,
        )  # fmt: skip
        async with self._records.database.transaction() as connection:
            await self._make_room(project.id, connection)
            if commit is None and whole.startswith("refs/heads/"):
                await self._heads.know(project.id, whole, facts.commit, connection)
            build, _ = await self._queue.enter(new, connection, facts=facts)
        return build

    async def _make_room(self, project_id: UUID, connection: Connection) -> None:
        """The queue is everybody's, and nobody's to fill, by many requests at once neither. Raises LimitReached."""
        await self._queries.hold_queue(connection, project_id=project_id)
        if await self._queries.count_waiting(connection, project_id=project_id) >= MOST_WAITING:
            raise LimitReached(
                f"{MOST_WAITING} builds of this project wait already. Cancel some, or let them run.", limit=MOST_WAITING
            )

    async def _head(self, project_id: UUID, ref: str) -> str | None:
        """Of a pull request that is known."""
        async with self._records.database.connection() as connection:
            pull = await self._queue.pull_request(project_id, ref, connection)
        return pull.head if pull is not None else None

    async def list(
        self,
        identity: Identity | None,
        owner: str,
        name: str,
        *,
        cursor: str | None = None,
        ref: str | None = None,
        state: BuildState | None = None,
        search: str | None = None,
        limit: int = 30,
    ) -> BuildPage:
        """The newest first. `search`: in subject, branch, author and who asked for it; or a commit's beginning."""
        project = await self._projects.get(identity, owner, name, Action.FOLLOW)
        most = max(1, min(limit, LARGEST_PAGE))
        whole = full_ref(ref) if ref else None
        found = await self._records.list(
            project.id, before=_before(cursor), ref=whole, state=state, search=search, most=most + 1
        )
        page = found[:most]
        return BuildPage(page, str(page[-1].number) if len(found) > most else None)

    async def get(self, identity: Identity | None, build_id: UUID, action: Action = Action.FOLLOW) -> Build:
        """Raises NotFound also for whoever may not see it."""
        return (await self._found(identity, build_id, action))[0]

    async def of_number(
        self, identity: Identity | None, owner: str, name: str, number: int, action: Action = Action.FOLLOW
    ) -> Build:
        """The build of a project by its number."""
        project = await self._projects.get(identity, owner, name, action)
        async with self._records.database.connection() as connection:
            build_id = await self._queries.find_number(connection, project_id=project.id, number=number)
        build = await self._records.find(build_id) if build_id else None
        if build is None:
            raise NotFound(UNKNOWN)
        return build

    async def _found(self, identity: Identity | None, build_id: UUID, action: Action) -> tuple[Build, Project]:
        build = await self._records.find(build_id)
        if build is None:
            raise NotFound(UNKNOWN)
        try:
            return build, await self._projects.get_by_id(identity, build.project_id, action)
        except NotFound as error:
            raise NotFound(UNKNOWN) from error

    async def places(self, builds: Sequence[Build]) -> Mapping[UUID, Place]:
        """Where those of them that are queued stand."""
        return await self._queue.places([build.id for build in builds if build.state is BuildState.QUEUED])

    async def cancel(self, identity: Identity, build_id: UUID) -> Build:
        """Raises Conflict for one that has ended. One that runs is asked to end, which takes a moment."""
        return await self._end(identity, build_id, BuildState.CANCELLED)

    async def kill(self, identity: Identity, build_id: UUID) -> Build:
        """As `cancel`; one that runs counts as killed then."""
        return await self._end(identity, build_id, BuildState.KILLED)

    async def _end(self, identity: Identity, build_id: UUID, state: BuildState) -> Build:
        await self._found(identity, build_id, Action.RUN)
        reason = f"{identity.account.name} ended it."
        async with self._records.database.transaction() as connection:
            build = await self._queue.end(build_id, state, reason, connection)
            await self._note(identity, build, "ended", connection)
        return build

    async def retry(self, identity: Identity, build_id: UUID) -> Build:
        """Build the same commit again: as a new build, after one that succeeded without its artifact.

        Raises Conflict while it has not ended.
        """
        old, _ = await self._found(identity, build_id, Action.RUN)
        if not old.state.is_over:
            raise Conflict("The build has not ended yet.")
        new = NewBuild(
            project_id=old.project_id, ref=old.ref, commit=old.commit, trigger=Trigger.RETRY, trust=old.trust,
            account_id=identity.account.id, subject=old.subject, author=old.author,
            forced=old.forced or old.state is BuildState.SUCCEEDED,
        )  # fmt: skip
        facts = await self._commits.find(new.project_id, new.commit)
        async with self._records.database.transaction() as connection:
            await self._make_room(old.project_id, connection)
            build, _ = await self._queue.enter(new, connection, facts=facts, anew=True)
        return build

    async def approve(self, identity: Identity, build_id: UUID) -> Build:
        """Let what a fork asks for be built: this commit of it, and no later one. Raises Conflict."""
        build, _ = await self._found(identity, build_id, Action.RUN)
        async with self._records.database.transaction() as connection:
            row = await self._queries.lock_build(connection, id=build_id)
            if row is None or row["state"] != BuildState.WAITING:
                raise Conflict("The build does not wait for anybody.")
            await self._queries.approve_pull_request(
                connection, project_id=build.project_id, number=build.pull_request or 0, commit=build.commit,
                account_id=identity.account.id, now=self._records.clock.now(),
            )  # fmt: skip
            await self._note(identity, build, "approved", connection)
            return await self._queue.release(build_id, connection)

    async def _note(self, identity: Identity, build: Build, what: str, connection: Connection) -> None:
        await self._audit.record(
            identity.account.id,
            f"build.{what}",
            f"project:{build.project_id}",
            detail={"project": f"{build.owner}/{build.project}", "number": build.number, "commit": build.commit},
            connection=connection,
        )


def full_ref(name: str) -> str:
    """A branch's name, or a whole ref of a branch, tag or pull request. Raises InvalidInput."""
    ref = name if name.startswith(("refs/heads/", "refs/tags/", "refs/pull/")) else f"refs/heads/{name}"
    odd = not ref.isprintable() or " " in ref or name.startswith("refs/firefly") or not _PULL.fullmatch(ref)
    if not name or len(ref) > 1000 or odd:
        raise InvalidInput("That is no name of a branch.", field="ref")
    return ref


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9:
        raise InvalidInput("That cursor is not one of ours. Begin without one.", field="cursor")
    return int(cursor)
