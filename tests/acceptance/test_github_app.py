"""A GitHub App and a running server: imported without a hook, and built by what the App's own tells."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from firefly.testing.providers import ProviderServer, TwinRepository
from tests.builds.hooks.app_payloads import app_push, app_repository
from tests.builds.hooks.payloads import sign
from tests.git import support
from tests.support.server import LiveServer
from tests.support.waiting import eventually

pytestmark = [pytest.mark.timeout(180)]


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """Somebody's clone of the repository, which is bare beside it."""
    made = support.history(tmp_path / "there", branch="main", commits=1)
    support.git(tmp_path, "clone", "-q", "--bare", str(made), "bare.git")
    return made


@pytest.fixture
def repository(twin: ProviderServer, there: Path) -> TwinRepository:
    """The App is installed in it."""
    made = twin.add(TwinRepository("github", "acme/site", there.parent / "bare.git", is_private=False))
    twin.app.install(made)
    return made


@pytest.fixture
async def server(twin: ProviderServer, tmp_path: Path) -> AsyncIterator[LiveServer]:
    settings = {
        "FIREFLY_IMPORT_ADDRESSES": "127.0.0.1",
        "FIREFLY_GITHUB_URL": twin.base_url("github"),
        "FIREFLY_GITHUB_APP_ID": str(twin.app.number),
        "FIREFLY_GITHUB_APP_KEY": (await asyncio.to_thread(twin.app.make)).replace("\n", "\\n"),
        "FIREFLY_GITHUB_APP_HOOK_SECRET": twin.app.hook_secret,
    }
    (tmp_path / "server").mkdir()
    with LiveServer(tmp_path / "server", settings=settings) as running:
        yield running


@pytest.fixture
async def client(server: LiveServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with server.client() as session:
        yield session


async def test_it_tells_of_an_imported_repository_which_needs_no_hook(
    server: LiveServer, client: aiohttp.ClientSession, twin: ProviderServer, repository: TwinRepository, there: Path
) -> None:
    await _json(client, "POST", "/api/v1/connections", {"provider": "github", "token": twin.token})
    asked = {"provider": "github", "repository": "acme/site", "name": "site", "visibility": "public"}
    project = await _json(client, "POST", "/api/v1/imports", asked)
    path = f"/api/v1/projects/{project['owner']}/site"

    async def imported() -> bool:
        job = await _json(client, "GET", f"/api/v1/jobs/{project['job']['id']}")
        assert job["state"] != "failed", job
        return bool(job["state"] == "succeeded")

    await eventually(imported, within=60)
    assert (repository.hooks, (await _json(client, "GET", f"{path}/link"))["hook"]) == ({}, True)
    before = support.git(there, "rev-parse", "HEAD")
    after = support.commit(there, "a.txt", "told by the App")
    support.git(there, "push", "-q", str(there.parent / "bare.git"), "HEAD:refs/heads/main")
    push = app_push(repository.number, "refs/heads/main", before, after)
    assert await _call(server, "push", push, "another secret than the App's") == 403
    assert await _call(server, "push", push, twin.app.hook_secret) == 202

    async def built() -> bool:
        return after in {one["commit"] for one in (await _json(client, "GET", f"{path}/builds"))["builds"]}

    await eventually(built, within=60)
    # Hidden with the answer already, whatever else is still to be done.
    private = app_repository("privatized", repository.number)
    assert await _call(server, "repository", private, twin.app.hook_secret) == 202
    assert (await _json(client, "GET", path))["visibility"] == "members"


async def _call(server: LiveServer, event: str, payload: object, secret: str) -> int:
    fields, body = sign("github", event, payload, secret)
    async with (
        server.client(token="") as github,
        github.post(f"{server.url}/hooks/github", headers=fields, data=io.BytesIO(body)) as answer,
    ):
        return answer.status


async def _json(client: aiohttp.ClientSession, method: str, path: str, body: object = None) -> dict[str, Any]:
    async with client.request(method, path, json=body) as answer:
        assert answer.status < 300, await answer.text()
        found: dict[str, Any] = await answer.json()
        return found
