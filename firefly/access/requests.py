"""Asking for access: what visitors send waits for the owners, who allow, deny, or answer with a code."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

import structlog

from ..addresses import network_of
from ..auth import Grant, Identity, Kind, Limit, PreviewGrants, RateLimiter, hash_secret
from ..errors import FireflyError, NotFound
from ..projects import Action, Projects
from .keys import Keys
from .model import NOBODYS, AccessRequest, Place, Visitor, Waiting, tidy
from .records import Records
from .visits import Visits

LIFE, CODE_LIFE = timedelta(days=1), timedelta(hours=1)
MOST_WAITING, MOST_QUEUED, MOST_LISTED = 20, 500, 200
LONGEST_NAME, LONGEST_MESSAGE = 80, 500
BY_NETWORK, BY_HOST = Limit(5, 3600), Limit(60, 3600)

log = structlog.get_logger()


class Reply(StrEnum):
    ALLOW = "allow"
    DENY = "deny"
    CODE = "code"


STATES = {Reply.ALLOW: "allowed", Reply.DENY: "denied", Reply.CODE: "coded"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request on its way to the table; `secret` is what the asker's browser keeps."""

    place: Place
    visitor: Visitor
    secret: str
    name: str
    message: str
    path: str
    at: datetime


class Requests:
    """`ask` answers before anything is written: it takes as long for a host where nothing is."""

    def __init__(
        self,
        *,
        records: Records,
        projects: Projects,
        grants: PreviewGrants,
        visits: Visits,
        keys: Keys,
        limiter: RateLimiter,
    ) -> None:
        self._records = records
        self._queries = records.queries
        self._projects = projects
        self._grants = grants
        self._visits = visits
        self._keys = keys
        self._limiter = limiter
        self._queue: asyncio.Queue[Asked] = asyncio.Queue(MOST_QUEUED)

    async def ask(self, place: Place, visitor: Visitor, *, name: str, message: str, path: str) -> str:
        """Returns the secret by which the asker's browser claims the answer. Raises RateLimited."""
        network = network_of(visitor.address)
        await self._limiter.hit_all({f"ask/{network}": BY_NETWORK, f"ask/host/{place.host}": BY_HOST})
        secret = token_urlsafe(32)
        asked = Asked(
            place,
            visitor,
            secret,
            tidy(name)[:LONGEST_NAME],
            tidy(message)[:LONGEST_MESSAGE],
            path,
            self._records.clock.now(),
        )
        if self._queue.full():
            log.warning("access.request_dropped", host=place.host)
        else:
            self._queue.put_nowait(asked)
        return secret

    async def run(self) -> None:
        """Write down what was asked, and tell the owners, until cancelled."""
        while True:
            asked = await self._queue.get()
            try:
                await self._keep(asked)
            except FireflyError as error:
                log.warning("access.request_lost", host=asked.place.host, reason=error.detail)
            except Exception as error:
                # What a stranger wrote must not end the server, whatever it is.
                log.exception("access.request_failed", host=asked.place.host, error=type(error).__name__)
            finally:
                self._queue.task_done()

    async def settled(self) -> None:
        """Return when all that was asked so far is written down."""
        await self._queue.join()

    async def _keep(self, asked: Asked) -> None:
        if asked.place.project_id == NOBODYS:
            return
        async with self._records.database.transaction() as connection:
            row = await self._queries.insert_request(
                connection,
                project_id=asked.place.project_id,
                host=asked.place.host,
                secret_hash=hash_secret(asked.secret),
                name=asked.name,
                message=asked.message,
                path=asked.path,
                address=asked.visitor.address,
                user_agent=asked.visitor.agent,
                now=asked.at,
                expires_at=asked.at + LIFE,
                most=MOST_WAITING,
            )
            if row is not None:
                data = {"request": _told(AccessRequest(**row))}
                await self._records.tell_managers(connection, asked.place.project_id, "access.requested", data)

    async def waiting(self, identity: Identity) -> list[Waiting]:
        """What waits for an answer in the projects that the caller owns or maintains, the oldest first."""
        asked = {"account_id": identity.account.id, "now": self._records.clock.now(), "most": MOST_LISTED}
        async with self._records.database.connection() as connection:
            return [_waiting(row) async for row in self._queries.requests_managed(connection, **asked)]

    async def claim(self, secret: str, place: Place, visitor: Visitor) -> tuple[Grant, str] | None:
        """The grant and the path first asked for, once, if the owners have allowed it."""
        now = self._records.clock.now()
        async with self._records.database.connection() as connection:
            row = await self._queries.claim_request(
                connection, secret_hash=hash_secret(secret), host=place.host, project_id=place.project_id, now=now
            )
        if row is None:
            return None
        grant = self._grants.make(
            Kind.REQUEST,
            place.project_id,
            place.policy_version,
            source_id=UUID(str(row["id"])),
            issued_at=now,
            ends_at=row["granted_until"],
        )
        return await self._visits.enter(grant, visitor, who=row["name"]), row["path"]

    async def answer(
        self,
        identity: Identity,
        owner: str,
        name: str,
        request_id: UUID,
        reply: Reply,
        *,
        hours: float = 8,
        address: str | None = None,
    ) -> tuple[str, str | None]:
        """The state that the request is in now, and the code. Raises NotFound for one that is over."""
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        now, state, code = self._records.clock.now(), STATES[reply], None
        until = now + timedelta(hours=hours) if reply is Reply.ALLOW else None
        async with self._records.change(identity, project, "requests", "answered", address=address) as (
            connection,
            detail,
        ):
            found = await self._queries.answer_request(
                connection, project_id=project.id, id=request_id, state=state, granted_until=until, now=now
            )
            if found is None:
                raise NotFound("This request was answered already, or has expired.")
            detail.update(request=str(request_id), state=state)
            if reply is Reply.CODE:
                code = await self._keys.add_code(
                    connection, project.id, identity, expires_at=now + CODE_LIFE, max_uses=1, request_id=request_id
                )
            data = {"request_id": str(request_id), "state": state}
            await self._records.tell_managers(connection, project.id, "access.answered", data)
        return state, code


def _waiting(row: Mapping[str, Any]) -> Waiting:
    request = AccessRequest(**{name: row[name] for name in AccessRequest.__slots__})
    return Waiting(row["project_id"], row["project_owner"], row["project_name"], request)


def _told(request: AccessRequest) -> dict[str, Any]:
    fields = {name: getattr(request, name) for name in AccessRequest.__slots__}
    return {name: str(value) if isinstance(value, UUID) else _plain(value) for name, value in fields.items()}


def _plain(value: object) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
