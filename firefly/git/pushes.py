"""Pushes in PostgreSQL: written down before git moves a ref, settled before the pusher is answered.

A server that dies in between leaves a pending row; `reconcile` then asks the repository what became of it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from uuid import UUID, uuid4

import structlog

from ..bus import JSON, Bus
from ..errors import FireflyError, NotFound, Unavailable
from ..store import Connection, Database, load_queries
from .command import GitFailed
from .maintenance import Maintenance
from .model import Follow, PushRecorded, PushRecorder, RefChange
from .repositories import Repositories

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PendingPush:
    id: UUID
    project_id: UUID
    pusher_id: UUID | None
    via: str
    changes: Sequence[RefChange]


class Pushes:
    """`via` is `http` or `workspace`. `recorder` writes down what follows from a push together with it."""

    def __init__(
        self, *, database: Database, bus: Bus, repositories: Repositories, maintenance: Maintenance | None = None
    ) -> None:
        self._database = database
        self._bus = bus
        self._repositories = repositories
        self._maintenance = maintenance
        self._queries = load_queries("git")
        self._under_way: set[UUID] = set()
        self.recorder: PushRecorder | None = None

    async def begin(
        self, project_id: UUID, *, pusher_id: UUID | None, via: str, changes: Sequence[RefChange]
    ) -> PendingPush:
        """Raises DatabaseUnavailable: then git has not begun either."""
        push = PendingPush(id=uuid4(), project_id=project_id, pusher_id=pusher_id, via=via, changes=tuple(changes))
        if self._maintenance is not None:
            await self._maintenance.push_begins(project_id)
        self._under_way.add(push.id)
        try:
            async with self._database.connection() as connection:
                await self._queries.begin_push(
                    connection,
                    id=push.id,
                    project_id=project_id,
                    pusher_id=pusher_id,
                    via=via,
                    changes=[asdict(change) for change in changes],
                )
        except BaseException:
            self._end(push)
            raise
        return push

    def _end(self, push: PendingPush) -> None:
        """What `reconcile` settles was not begun here."""
        if push.id in self._under_way:
            self._under_way.discard(push.id)
            if self._maintenance is not None:
                self._maintenance.push_ends(push.project_id)

    async def settle(self, push: PendingPush, accepted: Sequence[RefChange] | None) -> PushRecorded | None:
        """Write down what git accepted and tell the others; None when that was nothing, or is settled already.

        `accepted` None: git's answer was not seen to its end, and the repository is asked. Raises Unavailable when it
        cannot tell.
        """
        try:
            return await self._settle(push, await self._asked(push) if accepted is None else accepted)
        finally:
            self._end(push)

    async def _settle(self, push: PendingPush, accepted: Sequence[RefChange]) -> PushRecorded | None:
        changes = [asdict(change) for change in (accepted or push.changes)]
        state = "recorded" if accepted else "refused"
        recorded = PushRecorded(
            id=push.id, project_id=push.project_id, pusher_id=push.pusher_id, via=push.via, changes=tuple(accepted)
        )
        follow = await self._prepared(recorded) if accepted else None
        async with self._database.transaction() as connection:
            settled = await self._queries.settle_push(connection, id=push.id, state=state, changes=changes)
            if settled is None or not accepted:
                return None
            told = await _followed(recorded, follow, connection) if follow else ()
            await self._bus.publish("events", "push.recorded", _event(recorded), connection=connection)
        log.info("push.recorded", project_id=str(push.project_id), refs=len(accepted), via=push.via)
        return replace(recorded, told=told)

    async def _prepared(self, push: PushRecorded) -> Follow | None:
        try:
            return await self.recorder.prepare(push) if self.recorder is not None else None
        # The push stands all the same; what was not done for it is found later.
        except Exception:
            log.exception("push.not_prepared", push_id=str(push.id))
            return None

    async def reconcile(self) -> list[PushRecorded]:
        """Settle what an earlier process, or a lost database, left pending; returns what turned out accepted.

        A push to a repository that cannot be read stays pending.
        """
        async with self._database.connection() as connection:
            rows = [row async for row in self._queries.pending_pushes(connection)]
        recorded: list[PushRecorded] = []
        for row in rows:
            if row["id"] in self._under_way:
                continue
            changes = tuple(RefChange(**change) for change in row["changes"])
            push = PendingPush(row["id"], row["project_id"], row["pusher_id"], row["via"], changes)
            try:
                accepted = await self.accepted(push)
            # One repository that cannot be read must not keep the server from starting, nor the others waiting.
            except (FireflyError, GitFailed, OSError) as error:
                log.error("push.left", project_id=str(push.project_id), push_id=str(push.id), reason=str(error))
                continue
            found = await self.settle(push, accepted)
            recorded += [found] if found else []
        return recorded

    async def _asked(self, push: PendingPush) -> list[RefChange]:
        try:
            return await self.accepted(push)
        except (GitFailed, OSError) as error:
            raise Unavailable(f"The repository cannot be read: {error}") from error

    async def accepted(self, push: PendingPush) -> list[RefChange]:
        """What the repository shows of the push now."""
        try:
            refs = await self._repositories.refs(push.project_id)
        except NotFound:
            return []
        return [change for change in push.changes if refs.get(change.ref, _none(change)) == change.new]


async def _followed(push: PushRecorded, follow: Follow, connection: Connection) -> Sequence[str]:
    try:
        async with connection.transaction():
            return await follow(connection)
    # As above; where it is the database, the transaction around this one fails too.
    except Exception:
        log.exception("push.not_followed", push_id=str(push.id))
        return ()


def _event(push: PushRecorded) -> dict[str, JSON]:
    refs: list[JSON] = [change.ref for change in push.changes[:20]]
    return {
        "project_id": str(push.project_id),
        "push_id": str(push.id),
        "pusher_id": str(push.pusher_id) if push.pusher_id else None,
        "via": push.via,
        "refs": refs,
    }


def _none(change: RefChange) -> str:
    return "0" * len(change.new)
