"""What all twins of providers answer in one way, each in its own words."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from aiohttp import web

from . import hosting
from .model import Shape, TwinPull, TwinRepository

if TYPE_CHECKING:
    from .server import ProviderServer


class ProviderTwin(ABC):
    def __init__(self, server: "ProviderServer", provider: str) -> None:
        self.server = server
        self.provider = provider

    @abstractmethod
    def page(self, request: web.Request, items: list[Any]) -> web.Response: ...

    @abstractmethod
    def repository_body(self, repository: TwinRepository) -> dict[str, Any]: ...

    @abstractmethod
    def pull_body(self, repository: TwinRepository, pull: TwinPull) -> dict[str, Any]: ...

    def repository(self, request: web.Request) -> TwinRepository:
        return self.server.find(self.provider, f"{request.match_info['owner']}/{request.match_info['name']}")

    def source(self, repository: TwinRepository, pull: TwinPull) -> TwinRepository:
        """Where the commits of a pull request are: in a fork, or here."""
        return repository if pull.source is None else self.server.find(self.provider, pull.source)

    async def show(self, request: web.Request) -> web.Response:
        return web.json_response(self.repository_body(self.repository(request)))

    async def pull(self, request: web.Request) -> web.Response:
        repository = self.repository(request)
        found = repository.pulls.get(int(request.match_info["number"]))
        if found is None:
            raise web.HTTPNotFound
        return web.json_response(self.pull_body(repository, found))

    async def opened(self, repository: TwinRepository, *, title: str, head: str, base: str) -> web.Response:
        """A pull request between two branches, made as it was asked for."""
        commit = (await hosting.branches(repository)).get(head, "0" * 40)
        made = TwinPull(len(repository.pulls) + 1, title, head, commit, base)
        repository.pulls[made.number] = made
        return web.json_response(self.pull_body(repository, made), status=201)

    async def status_of(self, request: web.Request, shape: type[Shape]) -> dict[str, Any]:
        """What is told of a commit, written down."""
        asked = shape.model_validate(await request.json()).model_dump()
        self.repository(request).statuses.append({"commit": request.match_info["commit"], **asked})
        return asked

    def is_about_hooks(self, request: web.Request) -> bool:
        """Hooks, or else keys."""
        return "/hooks" in request.path

    def things(self, request: web.Request) -> dict[str, dict[str, Any]]:
        repository = self.repository(request)
        return repository.hooks if self.is_about_hooks(request) else repository.keys

    async def list_things(self, request: web.Request) -> web.Response:
        return self.page(request, [{"id": int(key), **thing} for key, thing in self.things(request).items()])

    async def remove_thing(self, request: web.Request) -> web.Response:
        if self.things(request).pop(unquote(request.match_info["thing"]), None) is None:
            raise web.HTTPNotFound
        return web.Response(status=204)
