"""What is handed out to let people in: named people, links, the code, the password."""

from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from ..auth import Identity, Passwords, PreviewGrants, hash_secret
from ..errors import Conflict, InvalidInput, LimitReached, NotFound
from ..projects import Action, Project, Projects
from ..secrets import Keyring
from ..store import Connection
from . import checks
from .codes import hash_code, make_code
from .model import Code, Link, Password, Person
from .records import Records

MOST = 200
PURPOSE = "access-code"
ENDED = "what it rested on has ended"


class Keys:
    """Handing out needs the role owner, taking back that of a maintainer, and ends the grants that rest on it."""

    def __init__(
        self, *, records: Records, projects: Projects, grants: PreviewGrants, passwords: Passwords, keyring: Keyring
    ) -> None:
        self._records = records
        self._queries = records.queries
        self._projects = projects
        self._grants = grants
        self._passwords = passwords
        self._keys = keyring.derive_all(PURPOSE)

    async def add_person(
        self,
        identity: Identity,
        owner: str,
        name: str,
        *,
        account: str | None = None,
        email: str | None = None,
        address: str | None = None,
    ) -> Person:
        """Let in an account or whoever has an e-mail address. Raises InvalidInput, NotFound, Conflict, LimitReached."""
        if (account is None) == (email is None):
            raise InvalidInput("Give either `account` or `email`.", field="account")
        project = await self._projects.get(identity, owner, name, Action.PUBLISH)
        email = checks.check_email(email) if email is not None else None
        async with self._records.change(identity, project, "people", "person_added", address=address) as (
            connection,
            detail,
        ):
            found = await self._account(account, connection) if account is not None else None
            detail["person"] = account or email
            who = {"project_id": project.id, "account_id": found["id"] if found else None, "email": email}
            row = await self._queries.insert_person(
                connection, **who, by_id=identity.account.id, now=self._records.clock.now(), most=MOST
            )
            if row is None:
                if await self._queries.find_person(connection, **who) is not None:
                    raise Conflict(f"{account or email} is let in already.")
                raise LimitReached(f"A project lets in {MOST} people by name. Make them members, or use a link.")
        shown = found["display_name"] if found else None
        return Person(UUID(str(row["id"])), account, email, shown, identity.account.name, row["since"])

    async def _account(self, name: str, connection: Connection) -> Any:
        found = await self._queries.account_named(connection, name=name)
        if found is None:
            raise NotFound(f"There is no account named {name[:60]}.")
        return found

    async def remove_person(
        self, identity: Identity, owner: str, name: str, id: UUID, *, address: str | None = None
    ) -> None:
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        async with self._records.change(identity, project, "people", "person_removed", address=address) as (
            connection,
            detail,
        ):
            detail["person"] = str(id)
            found = await self._queries.delete_person(connection, project_id=project.id, id=id)
            if found is None:
                raise NotFound("Nobody with this id is let in.")
            await self._end(connection, project, id)

    async def make_link(
        self,
        identity: Identity,
        owner: str,
        name: str,
        *,
        label: str = "",
        lifetime: float | None = None,
        max_uses: int | None = None,
        address: str | None = None,
    ) -> tuple[Link, str]:
        """A link and its secret, which is nowhere kept."""
        project = await self._projects.get(identity, owner, name, Action.PUBLISH)
        label, secret, now = checks.check_label(label), token_urlsafe(32), self._records.clock.now()
        expires_at = now + timedelta(seconds=lifetime) if lifetime is not None else None
        async with self._records.change(identity, project, "links", "link_made", address=address) as (
            connection,
            detail,
        ):
            row = await self._queries.insert_link(
                connection,
                project_id=project.id,
                hash=hash_secret(secret),
                label=label,
                by_id=identity.account.id,
                now=now,
                expires_at=expires_at,
                max_uses=max_uses,
                most=MOST,
            )
            if row is None:
                raise LimitReached(f"A project has at most {MOST} links. Remove one that is no longer needed.")
            detail.update(link=str(row["id"]), label=label)
        return Link(UUID(str(row["id"])), label, identity.account.name, now, expires_at, max_uses, 0), secret

    async def remove_link(
        self, identity: Identity, owner: str, name: str, id: UUID, *, address: str | None = None
    ) -> None:
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        async with self._records.change(identity, project, "links", "link_removed", address=address) as (
            connection,
            detail,
        ):
            detail["link"] = str(id)
            if await self._queries.delete_link(connection, project_id=project.id, id=id) is None:
                raise NotFound("There is no such link.")
            await self._end(connection, project, id)

    async def make_code(
        self,
        identity: Identity,
        owner: str,
        name: str,
        *,
        lifetime: float,
        max_uses: int | None = None,
        address: str | None = None,
    ) -> tuple[Code, str]:
        """The project's code, in place of the one before, whose grants end."""
        project = await self._projects.get(identity, owner, name, Action.PUBLISH)
        now = self._records.clock.now()
        expires_at = now + timedelta(seconds=lifetime)
        async with self._records.change(identity, project, "code", "code_made", address=address) as (connection, _):
            await self._remove_code(connection, project)
            code = await self.add_code(connection, project.id, identity, expires_at=expires_at, max_uses=max_uses)
        return Code(identity.account.name, now, expires_at, max_uses, 0), code

    async def add_code(
        self,
        connection: Connection,
        project_id: UUID,
        identity: Identity,
        *,
        expires_at: datetime,
        max_uses: int | None,
        request_id: UUID | None = None,
    ) -> str:
        code = make_code()
        await self._queries.insert_code(
            connection,
            project_id=project_id,
            hash=hash_code(self._keys, project_id, code)[0],
            request_id=request_id,
            by_id=identity.account.id,
            now=self._records.clock.now(),
            expires_at=expires_at,
            max_uses=max_uses,
        )
        return code

    async def remove_code(self, identity: Identity, owner: str, name: str, *, address: str | None = None) -> None:
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        async with self._records.change(identity, project, "code", "code_removed", address=address) as (connection, _):
            if not await self._remove_code(connection, project):
                raise NotFound("There is no code.")

    async def _remove_code(self, connection: Connection, project: Project) -> bool:
        found = await self._queries.delete_own_code(connection, project_id=project.id)
        if found is not None:
            await self._end(connection, project, UUID(str(found)))
        return found is not None

    async def set_password(
        self, identity: Identity, owner: str, name: str, password: str, *, address: str | None = None
    ) -> Password:
        """The project's password, in place of the one before, whose grants end. Raises InvalidInput."""
        project = await self._projects.get(identity, owner, name, Action.PUBLISH)
        hashed, now = await self._passwords.hash(password), self._records.clock.now()
        async with self._records.change(identity, project, "password", "password_set", address=address) as (
            connection,
            _,
        ):
            await self._remove_password(connection, project)
            await self._queries.insert_password(
                connection, project_id=project.id, hash=hashed, by_id=identity.account.id, now=now
            )
        return Password(identity.account.name, now)

    async def remove_password(self, identity: Identity, owner: str, name: str, *, address: str | None = None) -> None:
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        async with self._records.change(identity, project, "password", "password_removed", address=address) as (
            connection,
            _,
        ):
            if not await self._remove_password(connection, project):
                raise NotFound("There is no password.")

    async def _remove_password(self, connection: Connection, project: Project) -> bool:
        found = await self._queries.delete_password(connection, project_id=project.id)
        if found is not None:
            await self._end(connection, project, UUID(str(found)))
        return found is not None

    async def _end(self, connection: Connection, project: Project, source_id: UUID) -> None:
        await self._queries.delete_grants_of(connection, project_id=project.id, source_id=source_id)
        await self._grants.revoke(ENDED, grant_id=source_id, connection=connection)
