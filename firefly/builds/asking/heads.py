"""Where branches and tags are, and what follows when one moves or ends: a build, or the reason why there is none."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ...store import Connection
from ..model import Build, BuildState, NewBuild
from ..queueing.queue import Queue
from ..queueing.records import Records
from .commits import CommitFacts
from .policies import Policy, manifest_of, refusal
from .schedules import Schedules

ENDED = "ref.ended"
# Told, after it happened and at least once, that nothing is to show a ref any more.
RefEnded = Callable[[UUID, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Moved:
    """`build` is None where the project does not want one, for the `reason`. `new`: it was entered just now.

    `warnings` are about its firefly.yml.
    """

    build: Build | None
    reason: str = ""
    new: bool = False
    warnings: Sequence[str] = ()


class Heads:
    def __init__(self, *, records: Records, queue: Queue, schedules: Schedules) -> None:
        self._records = records
        self._queries = records.queries
        self._queue = queue
        self._schedules = schedules

    async def moved(
        self, new: NewBuild, connection: Connection, *, facts: CommitFacts | None, name: str | None = None
    ) -> Moved:
        """`facts` are None where the repository cannot tell; `name` is what the ref shows, a tag's own object."""
        policy = await self.policy(new.project_id, connection)
        manifest = await manifest_of(policy, facts.manifest if facts else None)
        default = await self._queries.default_branch(connection, project_id=new.project_id)
        warnings: Sequence[str] = ()
        if facts is not None and new.ref == f"refs/heads/{default}":
            plan = manifest.schedule if manifest is not None else {}
            warnings = await self._schedules.set(new.project_id, plan, connection)
        reason = refusal(policy, new.ref, manifest=manifest, message=facts.message if facts else "")
        await self.note(new.project_id, new.ref, name or new.commit, reason, connection)
        if reason:
            return Moved(None, reason, warnings=warnings)
        build, is_new = await self._queue.enter(new, connection, facts=facts)
        return Moved(build, new=is_new, warnings=warnings)

    async def policy(self, project_id: UUID, connection: Connection) -> Policy:
        row = await self._queries.policy(connection, project_id=project_id)
        return _policy(row) if row else Policy()

    async def note(self, project_id: UUID, ref: str, name: str, reason: str, connection: Connection) -> None:
        """Where a ref is, and why that is not built."""
        await self._queries.put_head(
            connection, project_id=project_id, ref=ref, commit=name, reason=reason, now=self._records.clock.now()
        )

    async def know(self, project_id: UUID, ref: str, commit: str, connection: Connection) -> None:
        """Where a branch is that nobody has pushed, as that of a template, unless that is known."""
        await self._queries.know_head(
            connection, project_id=project_id, ref=ref, commit=commit, now=self._records.clock.now()
        )

    async def note_all(self, project_id: UUID, names: Mapping[str, str], reason: str, connection: Connection) -> None:
        """As `note`, for what each ref shows: somebody may push a hundred thousand at once."""
        if names:
            await self._queries.put_heads(
                connection, project_id=project_id, refs=list(names), commits=list(names.values()), reason=reason,
                now=self._records.clock.now(),
            )  # fmt: skip

    async def all_ended(self, project_id: UUID, refs: Iterable[str], reason: str, connection: Connection) -> None:
        """As `ended`, of many."""
        gone = list(dict.fromkeys(refs))
        if not gone:
            return
        rows = self._queries.unended_refs(connection, project_id=project_id, refs=gone)
        for ref in [row["ref"] async for row in rows]:
            await self._queue.end_ref(project_id, ref, reason, connection, state=BuildState.CANCELLED)
        await self._queries.end_heads(
            connection, project_id=project_id, refs=gone, reason=reason, now=self._records.clock.now()
        )
        await self._records.wake(ENDED, connection)

    async def ended(self, project_id: UUID, ref: str, reason: str, connection: Connection) -> None:
        """A branch is gone, or a pull request over: its builds end, and what shows it is told later."""
        await self.all_ended(project_id, [ref], reason, connection)


def _policy(row: Any) -> Policy:
    return Policy(
        policy=row["policy"],
        patterns=tuple(row["patterns"]),
        pull_requests=row["pull_requests"],
        configuration=row["configuration"],
        forced=row["configuration_forced"],
    )
