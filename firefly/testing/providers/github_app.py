"""GitHub Apps: made from a manifest, installed on some repositories, and good for tokens of these."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import Field

from .model import Shape, TwinRepository

if TYPE_CHECKING:
    from .server import ProviderServer

PAGES = "/settings/apps/new"
LIFE = 3600
# As long as GitHub lets a signature be good.
LONGEST = 600
Level = Literal["read", "write"]
EventName = Literal[
    "create", "delete", "member", "membership", "organization", "public", "pull_request", "push", "repository", "team",
    "team_add",
]  # fmt: skip


class HookAttributesShape(Shape):
    url: str = Field(pattern="^https?://")
    active: bool


class PermissionsShape(Shape):
    """Events about members are sent to Apps that may read `members` alone."""

    administration: Level
    contents: Level
    deployments: Level
    members: Level
    metadata: Literal["read"]
    pull_requests: Level
    repository_hooks: Level
    statuses: Level


class ManifestShape(Shape):
    name: str = Field(max_length=34)
    url: str = Field(pattern="^https?://")
    description: str
    hook_attributes: HookAttributesShape
    redirect_url: str
    callback_urls: list[str] = Field(max_length=10)
    setup_url: str
    setup_on_update: bool
    public: bool
    request_oauth_on_install: bool
    default_permissions: PermissionsShape
    default_events: list[EventName]


class TokenShape(Shape):
    repository_ids: list[int] = Field(min_length=1, max_length=500)


@dataclass
class TwinApp:
    """`installed` are numbers of repositories; `tokens` say of which one each is good."""

    number: int = 4711
    code: str = field(default_factory=lambda: token_hex(10))
    manifest: dict[str, Any] = field(default_factory=dict)
    owner: str = ""
    client_secret: str = field(default_factory=lambda: token_hex(20))
    hook_secret: str = field(default_factory=lambda: token_hex(20))
    key: Any = None
    installed: set[int] = field(default_factory=set)
    tokens: dict[str, int] = field(default_factory=dict)
    is_suspended: bool = False
    now: Callable[[], float] = time.time

    def make(self) -> str:
        """Its private key, which is there from now on."""
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem: bytes = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return pem.decode()

    def install(self, repository: TwinRepository) -> None:
        self.installed.add(repository.number)

    def uninstall(self, repository: TwinRepository) -> None:
        """Tokens for it end with it."""
        self.installed.discard(repository.number)
        self.tokens = {token: number for token, number in self.tokens.items() if number != repository.number}

    def signed(self, token: str) -> bool:
        """By its key, and for ten minutes at most."""
        if self.key is None:
            return False
        options: Any = {"verify_exp": False, "verify_iat": False}
        try:
            claims = jwt.decode(
                token, self.key.public_key(), algorithms=["RS256"], issuer=str(self.number), options=options
            )
        except jwt.PyJWTError:
            return False
        now = self.now()
        return bool(claims["iat"] <= now < claims["exp"] <= now + LONGEST)


def set_up_pages(app: web.Application, server: "ProviderServer") -> None:
    """Where a browser brings a manifest."""

    async def make(request: web.Request) -> web.Response:
        form = await request.post()
        server.app.manifest = ManifestShape.model_validate_json(str(form["manifest"])).model_dump()
        server.app.owner = request.match_info.get("owner", server.account)
        query = urlencode({"code": server.app.code, "state": request.query["state"]})
        raise web.HTTPFound(f"{server.app.manifest['redirect_url']}?{query}")

    app.router.add_post(f"/github{PAGES}", make)
    app.router.add_post(f"/github/organizations/{{owner}}{PAGES}", make)


def set_up(app: web.Application, server: "ProviderServer") -> None:
    def repository(request: web.Request) -> TwinRepository:
        return server.find("github", f"{request.match_info['owner']}/{request.match_info['name']}")

    def body() -> dict[str, Any]:
        """As GitHub tells of an App."""
        return {
            "id": server.app.number,
            "slug": "firefly",
            "name": server.app.manifest.get("name", "Firefly"),
            "owner": {"login": server.app.owner, "id": 1},
            "html_url": f"{server.base_url('github')}/apps/firefly",
            "permissions": server.app.manifest.get("default_permissions", {}),
            "events": server.app.manifest.get("default_events", []),
        }

    async def convert(request: web.Request) -> web.Response:
        """Once; what is sent with it is nothing."""
        if request.match_info["code"] != server.app.code or await request.read():
            raise web.HTTPNotFound
        server.app.code = token_hex(10)
        secrets = {"client_id": "Iv1.firefly", "client_secret": server.app.client_secret}
        given = {**secrets, "webhook_secret": server.app.hook_secret, "pem": server.app.make()}
        return web.json_response(body() | given, status=201)

    async def show(_request: web.Request) -> web.Response:
        return web.json_response(body())

    async def installation(request: web.Request) -> web.Response:
        if repository(request).number not in server.app.installed:
            raise web.HTTPNotFound
        return web.json_response({"id": 23, "account": {"login": request.match_info["owner"]}})

    async def token(request: web.Request) -> web.Response:
        asked = TokenShape.model_validate(await request.json())
        if server.app.is_suspended:
            return web.json_response({"message": "This installation has been suspended"}, status=403)
        (number,) = asked.repository_ids
        if number not in server.app.installed:
            return web.json_response({"message": "There is at least one repository that does not exist"}, status=422)
        made = f"ghs_{token_hex(10)}"
        server.app.tokens[made] = number
        expires = datetime.fromtimestamp(server.app.now() + LIFE, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return web.json_response({"token": made, "expires_at": expires}, status=201)

    app.router.add_post("/app-manifests/{code}/conversions", convert)
    app.router.add_get("/app", show)
    app.router.add_get("/repos/{owner}/{name}/installation", installation)
    app.router.add_post("/app/installations/23/access_tokens", token)


def admits(server: "ProviderServer", request: web.Request, secret: str) -> bool:
    """Whoever has a code, signs as the App, or has a token; that of another repository sees none."""
    path = request.path.removeprefix("/github/api/v3")
    if path.startswith("/app-manifests/"):
        return True
    if path == "/app" or path.startswith("/app/") or path.endswith("/installation"):
        return server.app.signed(secret)
    number = server.app.tokens.get(secret)
    if number is not None and not any(path.startswith(f"/repos/{name}") for name in _names(server, number)):
        raise web.HTTPNotFound(text='{"message": "Not Found"}', content_type="application/json")
    return number is not None


def _names(server: "ProviderServer", number: int) -> list[str]:
    """Of a repository, with those that it had before."""
    known = server.repositories.items()
    now = [path for (provider, path), one in known if provider == "github" and one.number == number]
    return [*now, *(old for (provider, old), new in server.renamed.items() if provider == "github" and new in now)]
