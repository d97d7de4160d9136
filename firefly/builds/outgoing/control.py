"""What members do with the hooks that their project calls: add, try, switch, remove, look at calls, send one again."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from ...audit import Audit
from ...auth import Identity, Limit, RateLimiter
from ...errors import InvalidInput, LimitReached, NotFound
from ...projects import Action, Project, Projects
from ...store import Connection
from .model import Delivery, Event, Flavour, Hook
from .posting import Posting
from .records import HookRecords, Way

MOST, PAGE = 20, 50
# Calls that members ask for themselves: nobody is to be called without end, and what is called is kept for a while.
CALLS = Limit(60, 600)
UNKNOWN = "There is no such hook in this project."
CHOICES = tuple(event for event in Event if event is not Event.PING)
PING: dict[Flavour, dict[str, Any]] = {
    Flavour.GENERIC: {"event": "ping"},
    Flavour.DISCORD: {"content": "Firefly can reach you.", "allowed_mentions": {"parse": []}},
    Flavour.TEAMS: {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": {
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": [{"type": "TextBlock", "text": "Firefly can reach you."}],
                },
            }
        ],
    },
}
_CHAT_PING = {"text": "Firefly can reach you."}


class OutgoingHooks:
    """For maintainers: what is sent tells of the project, and where to is a credential often enough."""

    def __init__(
        self, *, records: HookRecords, posting: Posting, projects: Projects, audit: Audit, limiter: RateLimiter
    ) -> None:
        self._records = records
        self._queries = records.queries
        self._posting = posting
        self._projects = projects
        self._audit = audit
        self._limiter = limiter

    async def list(self, identity: Identity, owner: str, name: str) -> Sequence[Hook]:
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        async with self._records.database.connection() as connection:
            rows = self._queries.list_hooks(connection, project_id=project.id)
            return [Hook.from_row(row) async for row in rows]

    async def get(self, identity: Identity, owner: str, name: str, id: UUID) -> Hook:
        return (await self._found(identity, owner, name, id))[0]

    async def _found(self, identity: Identity, owner: str, name: str, id: UUID) -> tuple[Hook, Project]:
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        async with self._records.database.connection() as connection:
            row = await self._queries.find_hook(connection, id=id)
        if row is None or Hook.from_row(row).project_id != project.id:
            raise NotFound(UNKNOWN)
        return Hook.from_row(row), project

    async def add(
        self,
        identity: Identity,
        owner: str,
        name: str,
        *,
        url: str,
        flavour: Flavour = Flavour.GENERIC,
        events: Sequence[str] = (Event.ENDED,),
        secret: str | None = None,
    ) -> tuple[Hook, str]:
        """The hook, and the key that signs its calls, which is shown this once; it is called for the first time.

        Raises InvalidInput for an address that hooks may not have, LimitReached, RateLimited.
        """
        wanted = _checked(events)
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        host = await self._posting.check(url)
        await self._count(project.id)
        hook_id, way = uuid4(), Way(url, secret or secrets.token_urlsafe(32))
        async with self._records.database.transaction() as connection:
            await self._make_room(project, connection)
            await self._queries.insert_hook(
                connection, id=hook_id, project_id=project.id, flavour=flavour, host=host,
                sealed=self._records.seal(hook_id, way), events=wanted, by_id=identity.account.id,
                now=self._records.clock.now(),
            )  # fmt: skip
            await self._note(identity, project, "added", host, connection)
            await self._ping(hook_id, flavour, connection)
        return await self.get(identity, owner, name, hook_id), way.secret

    async def _make_room(self, project: Project, connection: Connection) -> None:
        if await self._queries.lock_project(connection, project_id=project.id) is None:
            raise NotFound(f"{project.path} is no more.")
        if await self._queries.count_hooks(connection, project_id=project.id) >= MOST:
            raise LimitReached(
                f"A project calls at most {MOST} hooks. Remove one that is no longer needed.", limit=MOST
            )

    async def _count(self, project_id: UUID) -> None:
        await self._limiter.hit(f"hooks:{project_id}", CALLS)

    async def _ping(self, hook_id: UUID, flavour: Flavour, connection: Connection) -> UUID:
        return await self._records.deliver(hook_id, None, Event.PING, PING.get(flavour, _CHAT_PING), connection)

    async def ping(self, identity: Identity, owner: str, name: str, id: UUID) -> Delivery:
        """Call it for nothing but to see whether it answers. Raises RateLimited."""
        hook, project = await self._found(identity, owner, name, id)
        await self._count(project.id)
        async with self._records.database.transaction() as connection:
            delivery_id = await self._ping(id, hook.flavour, connection)
        return await self._delivery(id, delivery_id)

    async def set_active(self, identity: Identity, owner: str, name: str, id: UUID, active: bool) -> Hook:
        hook, project = await self._found(identity, owner, name, id)
        async with self._records.database.transaction() as connection:
            await self._queries.set_active(connection, id=id, active=active, reason="")
            await self._note(identity, project, "switched on" if active else "switched off", hook.host, connection)
        return await self.get(identity, owner, name, id)

    async def remove(self, identity: Identity, owner: str, name: str, id: UUID) -> None:
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        async with self._records.database.transaction() as connection:
            host = await self._queries.delete_hook(connection, id=id, project_id=project.id)
            if host is None:
                raise NotFound(UNKNOWN)
            await self._note(identity, project, "removed", host, connection)

    async def deliveries(
        self, identity: Identity, owner: str, name: str, id: UUID, *, before: datetime | None = None
    ) -> Sequence[Delivery]:
        """The newest first, at most 50."""
        await self._found(identity, owner, name, id)
        async with self._records.database.connection() as connection:
            rows = self._queries.list_deliveries(connection, hook_id=id, before=before, most=PAGE)
            return [Delivery.from_row(row) async for row in rows]

    async def redeliver(self, identity: Identity, owner: str, name: str, id: UUID, delivery_id: UUID) -> Delivery:
        """Send the same once more, as a delivery of its own. Raises RateLimited."""
        _, project = await self._found(identity, owner, name, id)
        old = await self._delivery(id, delivery_id)
        await self._count(project.id)
        async with self._records.database.transaction() as connection:
            made = await self._records.deliver_text(id, old.build_id, old.event, old.body, connection)
        return await self._delivery(id, made)

    async def _delivery(self, hook_id: UUID, delivery_id: UUID) -> Delivery:
        async with self._records.database.connection() as connection:
            row = await self._queries.find_delivery(connection, id=delivery_id, hook_id=hook_id)
        if row is None:
            raise NotFound("There is no such delivery of this hook.")
        return Delivery.from_row(row)

    async def _note(self, identity: Identity, project: Project, what: str, host: str, connection: Connection) -> None:
        await self._audit.record(
            identity.account.id,
            f"hook.{what.replace(' ', '_')}",
            f"project:{project.id}",
            detail={"project": project.path, "host": host},
            connection=connection,
        )


def _checked(events: Sequence[str]) -> list[str]:
    if not events or set(events) - {str(event) for event in CHOICES}:
        raise InvalidInput(f"Choose at least one of: {', '.join(CHOICES)}.", field="events")
    return sorted(set(events))
