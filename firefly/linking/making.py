"""Making the installation's GitHub App: begun here by an administrator, done on GitHub's page, ended here."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlsplit

from ..audit import Audit
from ..auth import Identity
from ..clock import Clock
from ..errors import Conflict, Forbidden, InvalidInput, NotFound
from ..git.providers.transport import Transport
from ..projects.access import is_administrator
from ..store import Database, load_queries
from .apps import AppKeys, Apps
from .manifest import convert, manifest, page

# As long as GitHub's code is good for.
LIFE = timedelta(hours=1)
NOT_OURS = "This browser did not begin that, or it was too long ago. Begin once more."
IS_SET = "The settings name an App, FIREFLY_GITHUB_APP_ID, and they count. Take it out of them first."


@dataclass(frozen=True, slots=True)
class Making:
    """What a browser is to post: `manifest` to `url`."""

    url: str
    manifest: Mapping[str, Any]


class AppMaking:
    """Administrators alone; `app_url` is where GitHub reaches Firefly."""

    def __init__(
        self, *, database: Database, clock: Clock, audit: Audit, apps: Apps, transport: Transport, app_url: str
    ) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._apps = apps
        self._transport = transport
        self._app_url = app_url
        self._queries: Any = load_queries("github_apps")

    async def shown(self, identity: Identity) -> AppKeys | None:
        """Raises Forbidden for others than administrators, Conflict where its keys do not open."""
        _check(identity)
        return await self._apps.opened()

    async def begin(self, identity: Identity, *, name: str, organisation: str = "", public: bool = False) -> Making:
        """For the caller's own account there, or an organisation that he owns; with `public` others may install it.

        Raises Conflict where the settings name one.
        """
        _check(identity)
        if identity.session_id is None:
            raise Forbidden("Make it in the browser: GitHub asks whoever is signed in there.")
        if self._apps.is_set:
            raise Conflict(IS_SET)
        if _is_near(self._app_url) and not _is_near(self._apps.url):
            raise InvalidInput(
                f"GitHub has to reach Firefly, and {self._app_url} leads nowhere but to this machine. Set FIREFLY_URL "
                "to the address at which it is reached from there.",
                field="url",
            )
        if not name.strip():
            raise InvalidInput("The App needs a name that no other has at GitHub.", field="name")
        state, now = token_urlsafe(32), self._clock.now()
        async with self._database.transaction() as connection:
            await self._queries.forget_handshakes(connection, now=now)
            await self._queries.begin_handshake(
                connection, state=_hash(state), account_id=identity.account.id, session_id=identity.session_id,
                url=self._apps.url, expires_at=now + LIFE,
            )  # fmt: skip
        return Making(
            page(self._apps.url, organisation.strip(), state), manifest(self._app_url, name.strip(), public=public)
        )

    async def complete(self, identity: Identity, query: Mapping[str, str]) -> AppKeys:
        """What GitHub's page sent back. Raises Forbidden for a state that is not this session's."""
        _check(identity)
        async with self._database.connection() as connection:
            url = await self._queries.take_handshake(
                connection, state=_hash(query.get("state", "")), session_id=identity.session_id, now=self._clock.now()
            )
        if url is None:
            raise Forbidden(NOT_OURS)
        if self._apps.is_set or url != self._apps.url:
            raise Conflict(IS_SET)
        made = await convert(self._transport, url, query.get("code", ""))
        async with self._database.transaction() as connection:
            await self._apps.put(made, by=identity.account.id, connection=connection)
            await self._audit.record(
                identity.account.id, "github-app.made", "installation", connection=connection,
                detail={"name": made.name, "id": made.app_id, "owner": made.owner, "url": url},
            )  # fmt: skip
        return made

    async def forget(self, identity: Identity) -> str:
        """Its keys are deleted here; returns its name. At GitHub its owner deletes it. Raises NotFound, Conflict."""
        _check(identity)
        if self._apps.is_set:
            raise Conflict(IS_SET)
        async with self._database.transaction() as connection:
            name = await self._apps.remove(connection)
            if name is None:
                raise NotFound("There is no GitHub App to forget.")
            await self._queries.forget_telling(connection, url=self._apps.url)
            await self._audit.record(
                identity.account.id, "github-app.forgotten", "installation", connection=connection,
                detail={"name": name},
            )  # fmt: skip
        return name


def _check(identity: Identity) -> None:
    if not is_administrator(identity):
        raise Forbidden("Only administrators may do this.")


def _is_near(url: str) -> bool:
    """Whether an address is one of this machine, which GitHub takes for no App's."""
    host = urlsplit(url).hostname or ""
    return host.endswith("localhost") or host.startswith("127.") or host == "::1"


def _hash(state: str) -> bytes:
    return hashlib.sha256(state.encode("utf-8", "replace")).digest()
