"""What can be imported: repositories that a connection sees, by organisation, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..auth import Identity
from ..git.providers import CredentialRefused, GitProvider, Repository
from .access import Access
from .connections import Connections
from .joining import Joining, LinkedHere
from .model import Connection

# Of a search, until enough is found.
_MOST_PAGES, _ENOUGH = 8, 20


@dataclass(frozen=True, slots=True)
class Found:
    """`here` are the projects that belong to it."""

    repository: Repository
    here: Sequence[LinkedHere]


@dataclass(frozen=True, slots=True)
class FoundPage:
    items: Sequence[Found]
    next: str | None


class Discovery:
    def __init__(self, *, connections: Connections, access: Access, joining: Joining) -> None:
        self._connections = connections
        self._access = access
        self._joining = joining

    async def organisations(self, identity: Identity, name: str) -> Sequence[str]:
        connection, provider = await self._provider(identity, name)
        try:
            return await provider.organisations()
        except CredentialRefused as error:
            await self._connections.refused(connection.id, error.detail)
            raise

    async def repositories(
        self, identity: Identity, name: str, *, organisation: str | None, search: str, cursor: str | None
    ) -> FoundPage:
        """Of an organisation, else the account's own; a page may be short, and `next` says whether there are more."""
        connection, provider = await self._provider(identity, name)
        try:
            found, following = await _gather(provider, organisation, search.strip().lower(), cursor)
        except CredentialRefused as error:
            await self._connections.refused(connection.id, error.detail)
            raise
        here = await self._joining.here(connection, [one.path for one in found])
        return FoundPage([Found(one, [its for its in here if its.repository == one.path]) for one in found], following)

    async def _provider(self, identity: Identity, name: str) -> tuple[Connection, GitProvider]:
        connection = await self._connections.get(identity, name)
        credential = await self._connections.credential(connection.id)
        return connection, self._access.provider(connection.provider, connection.url, credential)


async def _gather(
    provider: GitProvider, organisation: str | None, search: str, cursor: str | None
) -> tuple[list[Repository], str | None]:
    found: list[Repository] = []
    for _ in range(_MOST_PAGES):
        page = await provider.repositories(organisation, cursor)
        found += [one for one in page.items if search in one.path.lower() or search in one.description.lower()]
        cursor = page.next
        if cursor is None or not search or len(found) >= _ENOUGH:
            break
    return found, cursor
