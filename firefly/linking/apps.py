"""Which GitHub App this installation has: that of the settings, else the one that an administrator made here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from .. import store
from ..clock import Clock
from ..errors import Conflict, InvalidInput
from ..secrets import Keyring
from ..settings import Settings
from ..store import Database, load_queries

PURPOSE = "github-app"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class AppKeys:
    """`url` is GitHub's. An empty `hook_secret` says that the App's own webhook is off.

    `is_set`: by the settings, which know neither its name nor its page.
    """

    url: str
    app_id: str
    key: str = field(repr=False)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    hook_secret: str = field(default="", repr=False)
    name: str = ""
    owner: str = ""
    html_url: str = ""
    is_set: bool = False


class Apps:
    def __init__(self, database: Database, keyring: Keyring, clock: Clock, settings: Settings) -> None:
        """Raises InvalidInput for a key of the settings that cannot be read."""
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._queries: Any = load_queries("github_apps")
        self.url = settings.github_url
        self._set = _of_settings(settings)

    @property
    def is_set(self) -> bool:
        """The settings name one, which stands."""
        return self._set is not None

    async def current(self) -> AppKeys | None:
        """As any server of the installation has made it; none where its keys do not open, which the log tells."""
        try:
            return await self.opened()
        except Conflict as error:
            log.error("github_app.unreadable", url=self.url, reason=error.detail)
            return None

    async def opened(self) -> AppKeys | None:
        """Raises Conflict where its keys do not open."""
        if self._set is not None:
            return self._set
        async with self._database.connection() as connection:
            row = await self._queries.find_app(connection, url=self.url)
        return self._opened(row) if row else None

    async def put(self, keys: AppKeys, *, by: UUID, connection: store.Connection) -> None:
        sealed = {"url": keys.url, "key": keys.key, "client": keys.client_secret, "hook": keys.hook_secret}
        await self._queries.put_app(
            connection, url=keys.url, app_id=keys.app_id, name=keys.name, owner=keys.owner, html_url=keys.html_url,
            client_id=keys.client_id, sealed=self._keyring.seal(PURPOSE, json.dumps(sealed).encode()), created_by=by,
            now=self._clock.now(),
        )  # fmt: skip

    async def remove(self, connection: store.Connection) -> str | None:
        """The name of the one that was forgotten; None where there was none."""
        found: str | None = await self._queries.remove_app(connection, url=self.url)
        return found

    def _opened(self, row: Mapping[str, Any]) -> AppKeys:
        opened = json.loads(self._keyring.open(PURPOSE, row["sealed"]))
        if opened["url"] != row["url"]:
            raise Conflict("The keys of a GitHub App lie in the row of another.")
        return AppKeys(
            url=row["url"], app_id=row["app_id"], key=opened["key"], client_id=row["client_id"],
            client_secret=opened["client"], hook_secret=opened["hook"], name=row["name"], owner=row["owner"],
            html_url=row["html_url"],
        )  # fmt: skip


def _of_settings(settings: Settings) -> AppKeys | None:
    if not settings.github_app_id:
        return None
    return AppKeys(
        url=settings.github_url, app_id=settings.github_app_id, key=_pem(settings.github_app_key),
        client_id=settings.github_client_id, client_secret=settings.github_client_secret,
        hook_secret=settings.github_app_hook_secret, is_set=True,
    )  # fmt: skip


def _pem(given: str) -> str:
    """What stands in the setting, or in the file that it names."""
    text = given.replace("\\n", "\n")
    if "PRIVATE KEY" in text:
        return text
    try:
        return Path(text).read_text()
    except OSError as error:
        raise InvalidInput(f"FIREFLY_GITHUB_APP_KEY is neither a key nor a file: {error.strerror}") from error
