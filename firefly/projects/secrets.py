"""What members do with their project's secrets: see their names, set them, take them away."""

import re
from collections.abc import Awaitable, Callable, Sequence

from ..audit import Audit
from ..auth import Identity
from ..errors import InvalidInput, LimitReached, NotFound
from ..secrets import Secret, SecretValues
from ..store import Connection
from .access import Action
from .model import Project
from .records import Records
from .seams import WorkspaceFacts
from .service import Projects

MOST, LARGEST, LARGEST_ALL = 100, 32 << 10, 256 << 10
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
# Set by Firefly for what it starts; a project that could set them would only lose its preview or its tools.
OWN = frozenset({"HOME", "HOST", "PATH", "PORT", "PWD", "SHELL", "USER"})

Tell = Callable[[WorkspaceFacts], Awaitable[None]]


class Secrets:
    """Names are shown to who may run commands, and could print the values; setting needs the role maintainer.

    `tell` gives a workspace that runs its new values.
    """

    def __init__(self, *, values: SecretValues, projects: Projects, records: Records, audit: Audit, tell: Tell) -> None:
        self._values = values
        self._projects = projects
        self._records = records
        self._audit = audit
        self._tell = tell

    async def list(self, identity: Identity, owner: str, name: str) -> Sequence[Secret]:
        project = await self._projects.get(identity, owner, name, Action.RUN)
        return await self._values.list(project.id)

    async def put(
        self, identity: Identity, owner: str, name: str, secret: str, value: str, *, address: str | None = None
    ) -> Secret:
        """Raises InvalidInput for names and values that no environment can hold, LimitReached."""
        _check(secret, value)
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        async with self._records.database.transaction() as connection:
            await self._make_room(project, secret, len(value.encode()), connection)
            await self._values.put(project.id, secret, value, by_id=identity.account.id, connection=connection)
            await self._note(identity, project, secret, "set", address, connection)
        await self._tell_workspaces(project)
        return next(found for found in await self._values.list(project.id) if found.name == secret)

    async def remove(
        self, identity: Identity, owner: str, name: str, secret: str, *, address: str | None = None
    ) -> None:
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        async with self._records.database.transaction() as connection:
            if not await self._values.remove(project.id, secret, connection):
                raise NotFound(f"{project.path} has no secret named {secret}.")
            await self._note(identity, project, secret, "removed", address, connection)
        await self._tell_workspaces(project)

    async def _make_room(self, project: Project, secret: str, size: int, connection: Connection) -> None:
        """Changes of one project come one after another, so that simultaneous ones do not pass together."""
        if await self._records.lock(None, project.id, connection) is None:
            raise NotFound(f"{project.path} is no more.")
        others = [one for one in await self._values.list(project.id, connection) if one.name != secret]
        if len(others) >= MOST:
            raise LimitReached(
                f"A project has at most {MOST} secrets. Remove one that is no longer needed.", limit=MOST
            )
        if sum(one.size for one in others) + size > LARGEST_ALL:
            raise LimitReached(
                f"The secrets of a project take at most {LARGEST_ALL >> 10} KiB together: processes are given no more. "
                "Keep large values in a file outside the project.",
                limit=LARGEST_ALL,
            )

    async def _note(
        self, identity: Identity, project: Project, secret: str, what: str, address: str | None, connection: Connection
    ) -> None:
        await self._records.announce("secrets.changed", project, connection, secret=secret, what=what)
        await self._audit.record(
            identity.account.id,
            f"secret.{what}",
            f"project:{project.id}",
            address=address,
            detail={"project": project.path, "secret": secret},
            connection=connection,
        )

    async def _tell_workspaces(self, project: Project) -> None:
        for facts in await self._records.all_facts(project):
            await self._tell(facts)


def _check(name: str, value: str) -> None:
    if not NAME.fullmatch(name):
        raise InvalidInput(
            "A secret's name has letters, digits and _, at most 128, and begins with no digit: programs read it as an "
            "environment variable.",
            field="name",
        )
    if name in OWN or name.startswith("FIREFLY_"):
        raise InvalidInput(f"{name} is set by Firefly itself. Choose another name.", field="name")
    if "\0" in value:
        raise InvalidInput("A value cannot hold NUL: no environment variable can.", field="value")
    if len(value.encode()) > LARGEST:
        raise InvalidInput(f"A value is at most {LARGEST >> 10} KiB long.", field="value")
