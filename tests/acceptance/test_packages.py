"""A project in a sandbox that cannot reach the registry installs a package through the server, which can."""

import asyncio
import json
import shlex
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.previews import wait_for_text
from tests.support.registry import RegistryServer, registry
from tests.support.server import LiveServer, create_project

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("packages")]

PACKAGE = json.dumps({"scripts": {"start": "node server.js"}, "dependencies": {"engine": "^1.0.0"}})
SOURCE = "require('http').createServer((q, a) => a.end(require('engine'))).listen(process.env.PORT, '127.0.0.1')"


@pytest.fixture
async def upstream() -> AsyncIterator[RegistryServer]:
    async with registry() as (made, _):
        made.add_package("engine", "1.7.0")
        yield made


async def test_what_only_the_server_reaches_is_installed_through_it(upstream: RegistryServer, tmp_path: Path) -> None:
    await asyncio.to_thread(tmp_path.chmod, 0o755)
    settings = {"FIREFLY_NPM_REGISTRY": upstream.npm, "FIREFLY_PYTHON_INDEX": upstream.python}
    server = LiveServer(tmp_path, settings=settings | {"FIREFLY_PREBUILDS": "off"})
    await asyncio.to_thread(server.start)
    try:
        async with server.client() as client:
            project = await create_project(client, "engine-room", "static")
            await need_engine(client, project)
            await wait_for_text(client, project["urls"]["preview"], server.token, "1.7.0", within=150)
    finally:
        await asyncio.to_thread(server.stop)
    assert upstream.fetched(".tgz") == 1


async def need_engine(client: aiohttp.ClientSession, project: dict[str, Any]) -> None:
    script = f"printf %s {shlex.quote(SOURCE)} > server.js; printf %s {shlex.quote(PACKAGE)} > package.json"
    path = f"/api/v1/projects/{project['owner']}/{project['name']}/exec"
    async with client.post(path, json={"command": script}) as response:
        assert response.status == 200, await response.text()
