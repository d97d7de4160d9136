"""The members of a project and their roles."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from ..audit import Audit
from ..auth import Identity
from ..clock import Clock
from ..errors import Conflict, Forbidden, NotFound
from ..store import Connection
from .access import Action
from .model import Member, Project, Role
from .records import Records, plain
from .service import Projects

# Called with a project and an account that lost it, so that its preview grants end.
Revoke = Callable[[UUID, UUID], Awaitable[None]]
# Called with a project, an account and the role that it has there from now on.
Follow = Callable[[UUID, UUID, Role | None], Awaitable[None]]
LAST_OWNER = "A project needs an owner: make somebody else one first."


class Members:
    def __init__(
        self,
        *,
        projects: Projects,
        records: Records,
        audit: Audit,
        clock: Clock,
        revoke: Revoke | None = None,
        follow: Follow | None = None,
    ) -> None:
        self._projects = projects
        self._records = records
        self._queries = records.queries
        self._audit = audit
        self._clock = clock
        self._revoke = revoke
        self._follow = follow

    async def list(self, identity: Identity | None, owner: str, name: str) -> Sequence[Member]:
        project = await self._projects.get(identity, owner, name, Action.READ)
        async with self._records.database.connection() as connection:
            rows = [row async for row in self._queries.list_members(connection, project_id=project.id)]
        return [
            Member(plain(row["account_id"]), row["name"], row["display_name"], Role(row["role"]), row["since"])
            for row in rows
        ]

    async def put(self, identity: Identity, owner: str, name: str, member: str, role: Role) -> Member:
        """Add `member` (an account's name), or change the role.

        Raises NotFound (no such account), Forbidden (a maintainer making owners), Conflict (the last owner).
        """
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        account_id = await self._account(member)
        async with self._records.database.transaction() as connection:
            roles = await self._lock(connection, project)
            self._check(project, roles, account_id, role)
            await self._queries.put_member(
                connection, project_id=project.id, account_id=account_id, role=role, now=self._clock.now()
            )
            await self._records.announce("members.changed", project, connection, member=member, role=role.value)
        if self._revoke is not None and account_id in roles and role.rank < roles[account_id].rank:
            # What is open was opened with the former role.
            await self._revoke(project.id, account_id)
        if self._follow is not None:
            await self._follow(project.id, account_id, role)
        await self._record(identity, project, "member.put", member=member, role=role.value)
        return next(found for found in await self.list(identity, owner, name) if found.account_id == account_id)

    async def remove(self, identity: Identity, owner: str, name: str, member: str) -> None:
        """Members may remove themselves. Raises Conflict for the last owner."""
        leaving = member == identity.account.name
        project = await self._projects.get(identity, owner, name, Action.READ if leaving else Action.MANAGE)
        account_id = await self._account(member)
        async with self._records.database.transaction() as connection:
            roles = await self._lock(connection, project)
            if account_id not in roles:
                raise NotFound(f"{member} is not a member of {project.path}.")
            self._check(project, roles, account_id, None, leaving=leaving)
            await self._queries.remove_member(connection, project_id=project.id, account_id=account_id)
            await self._records.announce("members.changed", project, connection, member=member, role=None)
        if self._revoke is not None:
            await self._revoke(project.id, account_id)
        if self._follow is not None:
            await self._follow(project.id, account_id, None)
        await self._record(identity, project, "member.removed", member=member)

    async def follow_provider(
        self, project: Project, account_id: UUID, role: Role | None, *, held: Role | None
    ) -> bool:
        """Let somebody in, or out, because of what the provider lets him do; who has another role than `held` keeps it.

        Returns whether anything was changed.
        """
        async with self._records.database.transaction() as connection:
            roles = await self._lock(connection, project)
            if roles.get(account_id) is not held or held is role:
                return False
            if role is None:
                await self._queries.remove_member(connection, project_id=project.id, account_id=account_id)
            else:
                await self._queries.put_member(
                    connection, project_id=project.id, account_id=account_id, role=role, now=self._clock.now()
                )
            name = await self._queries.account_name(connection, id=account_id)
            said = role.value if role else None
            await self._records.announce("members.changed", project, connection, member=name, role=said)
            await self._audit.record(
                None if role is None or held else account_id,
                "member.removed" if role is None else "member.put", f"project:{project.id}",
                detail={"member": name, "role": said, "by": "the provider"}, connection=connection,
            )  # fmt: skip
        if self._revoke is not None and held is not None and (role is None or role.rank < held.rank):
            await self._revoke(project.id, account_id)
        if self._follow is not None:
            await self._follow(project.id, account_id, role)
        return True

    async def _account(self, name: str) -> UUID:
        async with self._records.database.connection() as connection:
            found = await self._queries.find_account(connection, name=name)
        if found is None:
            raise NotFound(f"There is no account named {name}.")
        return UUID(str(found))

    async def _lock(self, connection: Connection, project: Project) -> dict[UUID, Role]:
        rows = self._queries.lock_members(connection, project_id=project.id)
        return {plain(row["account_id"]): Role(row["role"]) async for row in rows}

    def _check(
        self, project: Project, roles: dict[UUID, Role], account_id: UUID, role: Role | None, *, leaving: bool = False
    ) -> None:
        """Owners are made and unmade by owners (an administrator who is no member counts as one)."""
        present = roles.get(account_id)
        by_owner = project.role in (Role.OWNER, None)
        if Role.OWNER in (present, role) and present != role and not (by_owner or leaving):
            raise Forbidden("Only an owner makes or removes owners.")
        owners = [member for member, held in roles.items() if held is Role.OWNER]
        if owners == [account_id] and role is not Role.OWNER:
            raise Conflict(LAST_OWNER)

    async def _record(self, identity: Identity, project: Project, action: str, **detail: str) -> None:
        resource = f"project:{project.id}"
        await self._audit.record(identity.account.id, action, resource, detail=dict(detail))
