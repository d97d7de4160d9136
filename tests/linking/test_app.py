"""The GitHub App: signs as GitHub checks it, gets tokens for one repository, and keeps them while they live."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from firefly.errors import InvalidInput
from firefly.git import AddressPolicy
from firefly.git.providers import Credential, Transport
from firefly.linking.app import GitHubApp
from firefly.settings import Settings
from firefly.testing.clock import ManualClock

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@dataclass
class AppServer:
    """Where the App 4711 is installed on `octo/garden` alone."""

    clock: ManualClock
    url: str = ""
    made: list[dict[str, Any]] = field(default_factory=list)

    def check(self, request: web.Request) -> None:
        """As GitHub does: signed by the App's key, for ten minutes at most."""
        token = request.headers["Authorization"].removeprefix("Bearer ")
        options: Any = {"verify_exp": False, "verify_iat": False}
        claims = jwt.decode(token, KEY.public_key(), algorithms=["RS256"], issuer="4711", options=options)
        now = self.clock.time()
        assert now - 120 < claims["iat"] <= now < claims["exp"] <= now + 600

    async def installation(self, request: web.Request) -> web.Response:
        self.check(request)
        if request.match_info["name"] != "garden":
            raise web.HTTPNotFound
        return web.json_response({"id": 23})

    async def token(self, request: web.Request) -> web.Response:
        self.check(request)
        self.made.append(await request.json())
        expires = self.clock.now() + timedelta(hours=1)
        return web.json_response({"token": f"ghs_{len(self.made)}", "expires_at": expires.isoformat()}, status=201)

    async def page(self, request: web.Request) -> web.Response:
        self.check(request)
        return web.json_response({"html_url": "https://github.example/apps/firefly"})


@pytest.fixture
async def server(clock: ManualClock) -> AsyncIterator[AppServer]:
    made, app = AppServer(clock), web.Application()
    app.router.add_get("/api/v3/repos/{owner}/{name}/installation", made.installation)
    app.router.add_post("/api/v3/app/installations/23/access_tokens", made.token)
    app.router.add_get("/api/v3/app", made.page)
    running = TestServer(app)
    await running.start_server()
    made.url = str(running.make_url("")).rstrip("/")
    yield made
    await running.close()


async def test_tokens_are_for_one_repository_and_renewed_before_they_end(
    server: AppServer, clock: ManualClock, settings: Settings
) -> None:
    transport = Transport(AddressPolicy(["127.0.0.1"]))
    update = {"github_url": server.url, "github_app_id": "4711", "github_app_key": PEM.replace("\n", "\\n")}
    app = GitHubApp.from_settings(settings.model_copy(update=update), transport, clock)
    assert app is not None
    assert app.serves("github", server.url)
    assert not app.serves("github", "https://github.com")
    assert await app.token("octo/garden") == Credential("ghs_1") == await app.token("octo/garden")
    assert server.made == [{"repositories": ["garden"]}]
    clock.advance(56 * 60)
    assert await app.token("octo/garden") == Credential("ghs_2")
    assert await app.token("octo/shed") is None
    assert await app.page() == "https://github.example/apps/firefly/installations/new"
    await transport.close()


def test_its_key_is_a_text_or_a_file_and_never_a_guess(settings: Settings, tmp_path: Path, clock: ManualClock) -> None:
    transport, file = Transport(AddressPolicy()), tmp_path / "app.pem"
    file.write_text(PEM)
    for key in (PEM, str(file)):
        update = {"github_app_id": "4711", "github_app_key": key}
        assert GitHubApp.from_settings(settings.model_copy(update=update), transport, clock)
    missing = settings.model_copy(update={"github_app_id": "4711", "github_app_key": "/nowhere.pem"})
    with pytest.raises(InvalidInput, match="FIREFLY_GITHUB_APP_KEY"):
        GitHubApp.from_settings(missing, transport, clock)
    assert GitHubApp.from_settings(settings, transport, clock) is None
