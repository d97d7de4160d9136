"""Becoming a member because the provider lets one read the repository; and ceasing to be when it does not any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from ..auth import Identity
from ..clock import Clock
from ..errors import Conflict, FireflyError, Forbidden, NotFound
from ..git.links import Links, LinkState, ProviderLink
from ..git.providers import CredentialRefused, Permission
from ..projects import Members, Project, Records, Role
from ..store import Database, load_queries
from .access import Access
from .connections import Connections
from .model import Connection

EACH, SOON = timedelta(hours=20), timedelta(hours=1)
# Nobody stays for longer than this on the strength of what cannot be asked.
LONGEST = timedelta(days=3)
MOST = 50
UNKNOWN = (
    "There is no such project that you could join: connect to the provider as somebody who may read its repository."
)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LinkedHere:
    """A project that belongs to a provider's repository; `role` is the caller's, None for who may join."""

    repository: str
    owner: str
    name: str
    role: str | None


class Joining:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        links: Links,
        access: Access,
        connections: Connections,
        records: Records,
        members: Members,
    ) -> None:
        self._database = database
        self._clock = clock
        self._links = links
        self._access = access
        self._connections = connections
        self._records = records
        self._members = members
        self._queries: Any = load_queries("linking")

    async def here(self, connection: Connection, repositories: Sequence[str]) -> Sequence[LinkedHere]:
        """Which of the repositories, that the connection can read, are projects here."""
        async with self._database.connection() as own:
            rows = self._queries.linked_projects(
                own, account_id=connection.account_id, provider=connection.provider, base_url=connection.url,
                repositories=list(repositories),
            )  # fmt: skip
            return [LinkedHere(row["repository"], row["owner"], row["name"], row["role"]) async for row in rows]

    async def join(self, identity: Identity, owner: str, name: str) -> Role:
        """Viewer, or editor where the provider lets one write.

        Raises NotFound for everybody else, whether the project exists or not; Conflict for a member.
        """
        if not identity.has("write"):
            raise Forbidden("This token does not have the scope write. Use one that has.")
        project = await self._records.find(identity.account.id, owner, name)
        link = await self._links.of_project(project.id) if project is not None else None
        if project is None or link is None or link.state is LinkState.UNLINKING:
            raise NotFound(UNKNOWN)
        if project.role is not None:
            raise Conflict(f"You are a member of {project.path} already.")
        role = await self._role(link, identity.account.id)
        if role is None:
            raise NotFound(UNKNOWN)
        await self._enter(project, identity.account.id, role, held=None)
        return role

    async def _enter(self, project: Project, account_id: UUID, role: Role, *, held: Role | None) -> None:
        await self._members.follow_provider(project, account_id, role, held=held)
        now = self._clock.now()
        async with self._database.connection() as connection:
            await self._queries.put_joined(
                connection, project_id=project.id, account_id=account_id, role=role, now=now, next_check=now + EACH
            )

    async def _role(self, link: ProviderLink, account_id: UUID) -> Role | None:
        """What the provider lets somebody be, by his own token or, where that is no good, by the link's.

        Raises Unavailable and the like where nobody can tell.
        """
        own = await self._connections.at(account_id, link.provider, link.base_url)
        if own is None:
            return None
        try:
            credential = await self._connections.credential(own.id)
            provider = self._access.provider(link.provider, link.base_url, credential)
            found = await provider.repository(link.repository)
            # A name that was given up may be anybody's by now, and he its administrator.
            return _role_of(found.permission) if found.id == link.repository_id else None
        except NotFound:
            return None
        except CredentialRefused:
            provider = await self._access.of(link)
            return _role_of(await provider.permission(link.repository, own.login))

    async def heed(self, project_id: UUID) -> None:
        """The provider says that who may do what has changed: ask it for everybody who joined."""
        async with self._database.connection() as connection:
            await self._queries.ask_again(connection, project_id=project_id, now=self._clock.now())

    async def look(self) -> int:
        """Ask for those who were not asked for since yesterday; returns how many that were."""
        now = self._clock.now()
        async with self._database.connection() as connection:
            rows = self._queries.take_joined(connection, now=now, until=now + SOON, most=MOST)
            due = [row async for row in rows]
        for row in due:
            try:
                await self._check(row)
            except FireflyError as error:
                log.warning("member.not_checked", project_id=str(row["project_id"]), reason=error.detail)
        return len(due)

    async def _check(self, row: Any) -> None:
        project = await self._records.find_by_id(None, row["project_id"])
        link = await self._links.of_project(row["project_id"])
        if project is None:
            return
        account_id, held = UUID(bytes=row["account_id"].bytes), Role(row["role"])
        try:
            role = await self._role(link, account_id) if link is not None else None
        except FireflyError:
            if row["checked_at"] > self._clock.now() - LONGEST:
                raise
            role = None
        if role is not None:
            await self._enter(project, account_id, role, held=held)
            return
        await self._members.follow_provider(project, account_id, None, held=held)
        async with self._database.connection() as connection:
            await self._queries.forget_joined(connection, project_id=project.id, account_id=account_id)


def _role_of(permission: Permission) -> Role | None:
    if permission is Permission.NONE:
        return None
    return Role.EDITOR if permission.rank >= Permission.WRITE.rank else Role.VIEWER
