"""The twin's server: one address, the providers below it, and git for their repositories."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web
from aiohttp.typedefs import Handler

from . import bitbucket, bitbucketdc, gitea, github, github_app, gitlab, hosting
from .model import ADMIN, TwinRepository

DIALECTS = {
    "github": github,
    "gitlab": gitlab,
    "bitbucket": bitbucket,
    "bitbucketdc": bitbucketdc,
    "gitea": gitea,
}


@dataclass(frozen=True)
class Call:
    """One request to an API, as it came. `path` is below the provider's API."""

    provider: str
    method: str
    path: str
    body: Any


@dataclass
class ProviderServer:
    """`async with ProviderServer() as server:` and let Firefly have `server.base_url("github")`.

    Firefly must be allowed to reach it: FIREFLY_IMPORT_ADDRESSES=127.0.0.1.
    """

    token: str = "provider-token"
    account: str = ADMIN
    organisations: list[str] = field(default_factory=lambda: ["acme"])
    calls: list[Call] = field(default_factory=list)
    repositories: dict[tuple[str, str], TwinRepository] = field(default_factory=dict)
    renamed: dict[tuple[str, str], str] = field(default_factory=dict)
    """The new path of a repository, by provider and old one: whoever asks for that is sent on."""
    unchanged: int = 0
    """How often a caller knew the answer already, by its ETag."""
    quiet: int = 0
    """So many seconds everybody is told to stay away; 0: nobody."""
    broken: bool = False
    """Whether everything is answered with 500."""
    app: github_app.TwinApp = field(default_factory=github_app.TwinApp)
    """A GitHub App, once it is made."""
    url: str = ""
    _runner: web.AppRunner | None = None

    def base_url(self, provider: str) -> str:
        return f"{self.url}/{provider}"

    def add(self, repository: TwinRepository) -> TwinRepository:
        self.repositories[repository.provider, repository.path] = repository
        return repository

    def find(self, provider: str, path: str) -> TwinRepository:
        """Raises 404 as an API does."""
        found = self.repositories.get((provider, path))
        if found is None:
            raise web.HTTPNotFound(text='{"message": "Not Found"}', content_type="application/json")
        return found

    def of_owner(self, provider: str, owner: str | None) -> list[TwinRepository]:
        mine = (repository for (name, _), repository in self.repositories.items() if name == provider)
        return [repository for repository in mine if owner is None or repository.owner == owner]

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._record], client_max_size=1 << 20)
        for name, dialect in DIALECTS.items():
            api = web.Application()
            dialect.set_up(api, self)
            app.add_subapp(f"/{name}{dialect.PREFIX}", api)
        github_app.set_up_pages(app, self)
        hosting.set_up(app, self)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    @web.middleware
    async def _record(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/git/") or request.path.endswith(github_app.PAGES):
            return await handler(request)
        provider = request.path.split("/")[1]
        dialect = DIALECTS.get(provider)
        if dialect is None:
            raise web.HTTPNotFound()
        self._authenticate(request)
        if self.broken:
            raise web.HTTPInternalServerError()
        if self.quiet:
            return web.json_response({"message": "slow down"}, status=429, headers={"Retry-After": str(self.quiet)})
        self._send_on(provider, request)
        raw = await request.read()
        path = request.raw_path.removeprefix(f"/{provider}{dialect.PREFIX}")
        self.calls.append(Call(provider, request.method, path, json.loads(raw) if raw else None))
        try:
            response = await handler(request)
        except ValueError as error:
            # A body that is not of the published shape: pydantic says how.
            return web.json_response({"message": "Validation Failed", "errors": str(error)}, status=422)
        return self._tagged(request, response)

    def _send_on(self, provider: str, request: web.Request) -> None:
        for (name, old), new in self.renamed.items():
            if name == provider and f"/{old}" in request.path:
                raise web.HTTPMovedPermanently(request.path_qs.replace(f"/{old}", f"/{new}", 1))

    def _authenticate(self, request: web.Request) -> None:
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            secret = base64.b64decode(secret).decode().rpartition(":")[2]
        if secret != self.token and not github_app.admits(self, request, secret):
            raise web.HTTPUnauthorized(text='{"message": "Bad credentials"}', content_type="application/json")

    def _tagged(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        if request.method != "GET" or not isinstance(response, web.Response) or not isinstance(response.body, bytes):
            return response
        tag = f'"{hashlib.sha256(response.body).hexdigest()[:20]}"'
        if request.headers.get("If-None-Match") == tag:
            self.unchanged += 1
            return web.Response(status=304, headers={"ETag": tag})
        response.headers["ETag"] = tag
        return response
