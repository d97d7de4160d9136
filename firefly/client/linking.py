"""The client's calls about providers: connections, imports and links."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

import aiohttp
from pydantic import BaseModel, Field

from .models import Job, Page, Project, Value

Model = TypeVar("Model", bound=BaseModel)


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


class Requests(Protocol):
    """What makes calls: a FireflyClient."""

    def request(
        self, method: str, path: str, *, json_body: object = None, params: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]: ...


class LinkingClient:
    """Every method raises ClientError."""

    def __init__(self, client: Requests) -> None:
        self._client = client

    async def _ask(
        self, model: type[Model], method: str, path: str, body: object = None, *, params: Mapping[str, str] = {}
    ) -> Model:
        async with self._client.request(method, path, json_body=body, params=params) as response:
            return model.model_validate_json(await response.read())

    async def connections(self) -> Connections:
        return await self._ask(Connections, "GET", "/connections")

    async def connect(self, provider: str, token: str, *, url: str | None = None, user: str = "") -> Connection:
        """By a personal access token."""
        body = {"provider": provider, "token": token, "url": url, "user": user}
        return await self._ask(Connection, "POST", "/connections", body)

    async def check(self, name: str) -> Connection:
        return await self._ask(Connection, "POST", f"/connections/{name}/check", None)

    async def disconnect(self, name: str) -> str:
        """What is left to do at the provider."""
        return (await self._ask(_Disconnected, "DELETE", f"/connections/{name}", None)).left

    async def repositories(
        self, connection: str, *, organisation: str = "", search: str = "", cursor: str = ""
    ) -> Page[Repository]:
        given = {"organisation": organisation, "search": search, "cursor": cursor}
        params = {name: value for name, value in given.items() if value}
        return await self._ask(Page[Repository], "GET", f"/connections/{connection}/repositories", params=params)

    async def import_repository(self, connection: str, repository: str, **wanted: object) -> Project:
        """`wanted`: name, visibility, by_key."""
        given = {name: value for name, value in wanted.items() if value is not None}
        return await self._ask(Project, "POST", "/imports", {"provider": connection, "repository": repository, **given})

    async def resume(self, job_id: UUID) -> Job:
        return await self._ask(Job, "POST", f"/imports/{job_id}/resume", None)

    async def undo(self, job_id: UUID) -> None:
        async with self._client.request("DELETE", f"/imports/{job_id}"):
            pass

    async def show(self, owner: str, name: str) -> ProviderLink:
        return await self._ask(ProviderLink, "GET", _link(owner, name))

    async def link(self, owner: str, name: str, provider: str, **wanted: object) -> Job:
        """`wanted`: repository, or create as a mapping; url, by_key."""
        given = {key: value for key, value in wanted.items() if value is not None}
        return await self._ask(Job, "POST", _link(owner, name), {"provider": provider, **given})

    async def mend(self, owner: str, name: str) -> Job:
        return await self._ask(Job, "POST", f"{_link(owner, name)}/mend", None)

    async def compare(self, owner: str, name: str) -> ProviderLink:
        return await self._ask(ProviderLink, "POST", f"{_link(owner, name)}/compare", None)

    async def unlink(self, owner: str, name: str) -> None:
        async with self._client.request("DELETE", _link(owner, name)):
            pass

    async def resolve(self, owner: str, name: str, branch: str, choice: str, *, new: str = "") -> Resolved:
        body = {"branch": branch, "choice": choice, "name": new}
        return await self._ask(Resolved, "POST", f"{_link(owner, name)}/resolve", body)

    async def propose(
        self, owner: str, name: str, head: str, title: str, *, base: str = "", body: str = ""
    ) -> PullRequest:
        """Open a pull request."""
        given = {"head": head, "base": base, "title": title, "body": body}
        return await self._ask(PullRequest, "POST", f"{_link(owner, name)}/pull-requests", given)

    async def join(self, owner: str, name: str) -> str:
        """The role that one has then."""
        return (await self._ask(Joined, "POST", f"{_link(owner, name)}/join", None)).role


def _link(owner: str, name: str) -> str:
    return f"/projects/{owner}/{name}/link"
