"""The client's calls about providers: connections, imports and links."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from .api_transport import ApiTransport, project_path
from .models import Job, Page, Project, Value


class Connection(Value):
    id: UUID
    provider: str
    url: str
    kind: str
    login: str
    state: str
    reason: str = ""
    checked_at: datetime


class Offer(Value):
    provider: str
    title: str
    url: str
    ways: list[str]
    token_page: str


class Left(Value):
    """A hook or key that is still at a provider."""

    project: str
    provider: str
    repository: str
    reason: str = ""


class Connections(Value):
    connections: list[Connection]
    providers: list[Offer]
    left: list[Left] = Field(default_factory=list)


class LinkedHere(Value):
    owner: str
    name: str
    role: str | None = None


class Repository(Value):
    path: str
    description: str = ""
    private: bool
    permission: str
    projects: list[LinkedHere] = Field(default_factory=list)


class Divergence(Value):
    ref: str
    state: str
    ours: str | None = None
    theirs: str | None = None
    reason: str = ""


class ProviderLink(Value):
    provider: str
    repository: str
    web_url: str
    private: bool
    state: str
    reason: str = ""
    mirror: str | None = None
    mirror_reason: str = ""
    waits: bool = False
    looked_at: datetime | None = None
    refs: list[Divergence] = Field(default_factory=list)


class Resolved(Value):
    branch: str
    link: ProviderLink


class PullRequest(Value):
    number: int
    url: str
    compare_url: str


class Joined(Value):
    role: str


class _Disconnected(Value):
    left: str = ""


class LinkingCalls:
    """Every method raises ClientError."""

    def __init__(self, transport: ApiTransport) -> None:
        self._transport = transport

    async def connections(self) -> Connections:
        return await self._transport.ask(Connections, "GET", "/connections")

    async def connect(self, provider: str, token: str, *, url: str | None = None, user: str = "") -> Connection:
        """By a personal access token."""
        body = {"provider": provider, "token": token, "url": url, "user": user}
        return await self._transport.ask(Connection, "POST", "/connections", body)

    async def check(self, name: str) -> Connection:
        return await self._transport.ask(Connection, "POST", f"/connections/{name}/check")

    async def disconnect(self, name: str) -> str:
        """What is left to do at the provider."""
        return (await self._transport.ask(_Disconnected, "DELETE", f"/connections/{name}")).left

    async def repositories(
        self, connection: str, *, organisation: str = "", search: str = "", cursor: str = ""
    ) -> Page[Repository]:
        given = {"organisation": organisation, "search": search, "cursor": cursor}
        params = {name: value for name, value in given.items() if value}
        return await self._transport.ask(
            Page[Repository], "GET", f"/connections/{connection}/repositories", params=params
        )

    async def import_repository(self, connection: str, repository: str, **wanted: object) -> Project:
        """`wanted`: name, visibility, by_key."""
        given = {name: value for name, value in wanted.items() if value is not None}
        return await self._transport.ask(
            Project, "POST", "/imports", {"provider": connection, "repository": repository, **given}
        )

    async def resume(self, job_id: UUID) -> Job:
        return await self._transport.ask(Job, "POST", f"/imports/{job_id}/resume")

    async def undo(self, job_id: UUID) -> None:
        await self._transport.remove(f"/imports/{job_id}")

    async def show(self, owner: str, name: str) -> ProviderLink:
        return await self._transport.ask(ProviderLink, "GET", _link(owner, name))

    async def link(self, owner: str, name: str, provider: str, **wanted: object) -> Job:
        """`wanted`: repository, or create as a mapping; url, by_key."""
        given = {key: value for key, value in wanted.items() if value is not None}
        return await self._transport.ask(Job, "POST", _link(owner, name), {"provider": provider, **given})

    async def mend(self, owner: str, name: str) -> Job:
        return await self._transport.ask(Job, "POST", f"{_link(owner, name)}/mend")

    async def compare(self, owner: str, name: str) -> ProviderLink:
        return await self._transport.ask(ProviderLink, "POST", f"{_link(owner, name)}/compare")

    async def unlink(self, owner: str, name: str) -> None:
        await self._transport.remove(_link(owner, name))

    async def resolve(self, owner: str, name: str, branch: str, choice: str, *, new: str = "") -> Resolved:
        body = {"branch": branch, "choice": choice, "name": new}
        return await self._transport.ask(Resolved, "POST", f"{_link(owner, name)}/resolve", body)

    async def propose(
        self, owner: str, name: str, head: str, title: str, *, base: str = "", body: str = ""
    ) -> PullRequest:
        """Open a pull request."""
        given = {"head": head, "base": base, "title": title, "body": body}
        return await self._transport.ask(PullRequest, "POST", f"{_link(owner, name)}/pull-requests", given)

    async def join(self, owner: str, name: str) -> str:
        """The role that one has then."""
        return (await self._transport.ask(Joined, "POST", f"{_link(owner, name)}/join")).role


def _link(owner: str, name: str) -> str:
    return f"{project_path(owner, name)}/link"
