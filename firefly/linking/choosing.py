"""The repository that a project is to be linked to: looked at by the caller's own connection, or made by it."""

from dataclasses import dataclass

from ..auth import Identity
from ..errors import InvalidInput
from ..git.providers import Repository
from ..projects import Project, Visibility
from .access import Access
from .connections import Connections
from .model import Connection, Need
from .steps import PRIVATE, Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRepository:
    """One that is to be made at the provider, empty."""

    name: str
    organisation: str | None = None
    is_private: bool = True


class Choosing:
    def __init__(self, *, connections: Connections, access: Access, steps: Steps) -> None:
        self._connections = connections
        self._access = access
        self._steps = steps

    async def inspected(
        self, identity: Identity, provider: str, url: str | None, path: str
    ) -> tuple[Connection, Repository]:
        """A repository that the caller may link, and by which connection. What more leave it needs is asked for.

        Raises NotFound, Forbidden, Conflict for one that cannot be linked.
        """
        connection = await self._connections.get(identity, provider, url)
        credential = await self._connections.credential(connection.id)
        found = await self._access.provider(connection.provider, connection.url, credential).repository(path)
        credential = await self._connections.credential(connection.id, need=need_of(found.is_private))
        return connection, await self._steps.inspect(connection.provider, connection.url, credential, path)

    async def path(
        self, identity: Identity, project: Project, provider: str, url: str | None, repository: str | NewRepository
    ) -> str:
        """Of the repository, which is made where it is a new one. Raises InvalidInput, Conflict."""
        if isinstance(repository, str):
            return repository
        if repository.is_private and project.visibility is Visibility.PUBLIC:
            raise InvalidInput(PRIVATE, field="private")
        connection = await self._connections.get(identity, provider, url)
        credential = await self._connections.credential(connection.id, need=need_of(repository.is_private))
        made = await self._access.provider(connection.provider, connection.url, credential).create_repository(
            repository.name, organisation=repository.organisation, is_private=repository.is_private,
            description=project.description[:300],
        )  # fmt: skip
        return made.path


def need_of(is_private: bool) -> Need:
    return Need.PRIVATE if is_private else Need.PUBLIC
