"""Links: which provider's repository a project belongs to, with the secrets of its hook, its key and its token."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from secrets import token_urlsafe
from typing import Any
from uuid import UUID, uuid4

from ..clock import Clock
from ..errors import Conflict
from ..secrets import Keyring
from ..store import Connection, Database, load_queries
from .providers import Credential, Repository

PURPOSE = "provider-link"


class LinkState(StrEnum):
    """`diverged`: both sides went on, and nothing is overwritten. `broken`: the provider does not let us in."""

    LINKING = "linking"
    LINKED = "linked"
    DIVERGED = "diverged"
    BROKEN = "broken"
    UNLINKING = "unlinking"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderLink:
    """`repository` is `owner/name` at `provider`. `credential` is the link's own; None where its connection has one.

    `project_id` is None once the project was removed for good. `told_by_app`: a GitHub App's hook tells of the
    repository, in the place of its own; `app_changed_at`: when the App was last installed on it, or taken away.
    """

    id: UUID
    project_id: UUID | None
    provider: str
    base_url: str
    repository: str
    repository_id: str
    web_url: str
    clone_url: str
    ssh_url: str
    default_branch: str
    is_private: bool
    connection_id: UUID | None
    credential: Credential | None = field(repr=False)
    hook_id: str | None
    told_by_app: bool
    app_changed_at: datetime | None
    hook_secret: str = field(repr=False)
    key_id: str | None
    key_private: str | None = field(repr=False)
    key_public: str
    state: LinkState
    reason: str
    created_by: UUID | None
    created_at: datetime
    changed_at: datetime
    fetched_at: datetime | None
    checked_at: datetime | None


_NAMES = tuple(each.name for each in fields(ProviderLink))


class Links:
    """Records of links. A sealed value names its link: in another row it does not open."""

    def __init__(self, database: Database, keyring: Keyring, clock: Clock) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._queries: Any = load_queries("links")

    async def of_project(self, project_id: UUID) -> ProviderLink | None:
        async with self._database.connection() as connection:
            row = await self._queries.find_link(connection, project_id=project_id)
        return self._link(row) if row else None

    async def get(self, link_id: UUID) -> ProviderLink | None:
        async with self._database.connection() as connection:
            row = await self._queries.find_link_by_id(connection, id=link_id)
        return self._link(row) if row else None

    async def add(
        self,
        project_id: UUID,
        provider: str,
        base_url: str,
        repository: Repository,
        *,
        connection_id: UUID | None = None,
        credential: Credential | None = None,
        by_id: UUID | None = None,
        state: LinkState = LinkState.LINKING,
    ) -> ProviderLink:
        """With a new secret for its hook. One project has one link: asyncpg's UniqueViolationError for a second."""
        link_id = uuid4()
        async with self._database.connection() as connection:
            await self._queries.add_link(
                connection, id=link_id, project_id=project_id, provider=provider, base_url=base_url.rstrip("/"),
                **_facts(repository), connection_id=connection_id, state=state.value, created_by=by_id,
                **self._sealed_credential(link_id, credential),
                hook_secret=self._seal(link_id, "hook", token_urlsafe(32)), now=self._clock.now(),
            )  # fmt: skip
            return self._link(await self._queries.find_link_by_id(connection, id=link_id))

    async def set_repository(self, link_id: UUID, repository: Repository) -> None:
        """What the provider says of it now: its name, whether it is private, its default branch."""
        async with self._database.connection() as connection:
            await self._queries.set_link_repository(connection, id=link_id, **_facts(repository), now=self._clock.now())

    async def set_state(
        self, link_id: UUID, state: LinkState, reason: str = "", *, connection: Connection | None = None
    ) -> None:
        if connection is None:
            async with self._database.connection() as own:
                return await self.set_state(link_id, state, reason, connection=own)
        await self._queries.set_link_state(
            connection, id=link_id, state=state.value, reason=reason[:500], now=self._clock.now()
        )

    async def set_hook(self, link_id: UUID, hook_id: str | None, *, told_by_app: bool = False) -> None:
        """The repository's own hook, or with `told_by_app` that of the App, beside which one of before may be left."""
        async with self._database.connection() as connection:
            await self._queries.set_link_hook(
                connection, id=link_id, hook_id=hook_id, told_by_app=told_by_app, now=self._clock.now()
            )

    async def app_changed(self, link_id: UUID) -> None:
        """The App was installed on the repository, or taken away: who tells of it is to be settled anew."""
        async with self._database.connection() as connection:
            await self._queries.set_app_changed(connection, id=link_id, now=self._clock.now())

    async def set_key(self, link_id: UUID, key_id: str | None, private: str | None, public: str) -> None:
        sealed = self._seal(link_id, "key", private) if private else None
        async with self._database.connection() as connection:
            await self._queries.set_link_key(
                connection, id=link_id, key_id=key_id, key_private=sealed, key_public=public, now=self._clock.now()
            )

    async def set_credential(
        self, link_id: UUID, *, connection_id: UUID | None = None, credential: Credential | None = None
    ) -> None:
        async with self._database.connection() as connection:
            await self._queries.set_link_credential(
                connection, id=link_id, connection_id=connection_id, **self._sealed_credential(link_id, credential),
                now=self._clock.now(),
            )  # fmt: skip

    async def fetched(self, link_id: UUID) -> None:
        async with self._database.connection() as connection:
            await self._queries.set_link_fetched(connection, id=link_id, now=self._clock.now())

    async def remove(self, link_id: UUID) -> None:
        async with self._database.connection() as connection:
            await self._queries.remove_link(connection, id=link_id)

    def _sealed_credential(self, link_id: UUID, credential: Credential | None) -> dict[str, Any]:
        if credential is None:
            return {"token": None, "token_user": ""}
        return {"token": self._seal(link_id, "token", credential.token), "token_user": credential.user}

    def _link(self, row: Mapping[str, Any]) -> ProviderLink:
        values = dict(row)
        link_id, token, user = values["id"], values.pop("token"), values.pop("token_user")
        values["credential"] = Credential(self._open(link_id, "token", token), user) if token else None
        values["hook_secret"] = self._open(link_id, "hook", values["hook_secret"])
        key = values["key_private"]
        values["key_private"] = self._open(link_id, "key", key) if key else None
        values["state"] = LinkState(values["state"])
        return ProviderLink(**{name: values[name] for name in _NAMES})

    def _seal(self, link_id: UUID, what: str, value: str) -> bytes:
        return self._keyring.seal(PURPOSE, _place(link_id, what) + value.encode())

    def _open(self, link_id: UUID, what: str, sealed: bytes) -> str:
        """Raises Conflict where the installation no longer has the key that it was sealed with."""
        place, opened = _place(link_id, what), self._keyring.open(PURPOSE, sealed)
        if not opened.startswith(place):
            raise Conflict("A sealed value of a link lies in the row of another.")
        return opened.removeprefix(place).decode()


def _place(link_id: UUID, what: str) -> bytes:
    return f"{link_id}/{what}\0".encode()


def _facts(repository: Repository) -> dict[str, Any]:
    return {
        "repository": repository.path,
        "repository_id": repository.id,
        "web_url": repository.web_url,
        "clone_url": repository.clone_url,
        "ssh_url": repository.ssh_url,
        "default_branch": repository.default_branch,
        "is_private": repository.is_private,
    }
