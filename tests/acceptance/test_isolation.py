"""What code inside a sandbox can reach of its neighbours and of the machine; the server as root and as a user."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.server import LiveServer, create_project
from tests.support.users import ORDINARY_UID, ordinary

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("isolation")]


def as_user(folder: Path) -> LiveServer:
    folder.chmod(0o755)
    os.chown(folder, ORDINARY_UID, ORDINARY_UID)
    return LiveServer(folder, enter=ordinary())


@pytest.fixture(scope="module", params=["as we are", "ordinary user"])
def server(request: pytest.FixtureRequest) -> Iterator[LiveServer]:
    # Not below pytest's own folder, which another run of pytest closes to all but its user.
    with tempfile.TemporaryDirectory(prefix="firefly-isolation-") as name:
        if request.param == "ordinary user":
            if os.getuid() != 0:
                pytest.skip("the run is an ordinary user's already")
            made = as_user(Path(name))
        else:
            made = LiveServer(Path(name))
        with made as running:
            yield running


async def run(client: aiohttp.ClientSession, project: dict[str, Any], command: str) -> dict[str, Any]:
    path = f"/api/v1/projects/{project['owner']}/{project['name']}/exec"
    async with client.post(path, json={"command": command, "timeout": 60}) as response:
        body: dict[str, Any] = await response.json()
        assert response.status == 200, body
        return body


async def test_a_sandbox_sees_only_its_own_workspace(server: LiveServer) -> None:
    async with server.client() as client:
        mine = await create_project(client, f"mine-{secrets.token_hex(3)}", "static")
        other = await create_project(client, f"other-{secrets.token_hex(3)}", "static")
        marker = secrets.token_hex(8)
        assert (await run(client, other, f"echo {marker} > /workspace/secret.txt"))["exit_code"] == 0
        assert (await run(client, other, "cat secret.txt"))["stdout"].strip() == marker
        assert (await run(client, mine, "ls /workspace"))["exit_code"] == 0
        found = await run(client, mine, f"grep -rsl {marker} / --exclude-dir=proc --exclude-dir=sys --exclude-dir=usr")
        assert found["stdout"] == ""
        # Of the server's data at most the Node that it fetched, where the machine has none.
        seen = await run(client, mine, f"ls -A {server.folder / 'data'}; ls -A {server.folder / 'data'}/*")
        assert set(seen["stdout"].split()) <= {"runtimes", "node"}


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.2.2", "169.254.169.254"])
async def test_a_sandbox_does_not_reach_the_server_by_its_addresses(server: LiveServer, host: str) -> None:
    async with server.client() as client:
        project = await create_project(client, f"net-{secrets.token_hex(3)}", "static")
        said = await run(client, project, f"curl -sS --max-time 3 http://{host}:{server.port}/healthz")
        assert said["exit_code"] != 0
        assert "ok" not in said["stdout"]


async def test_a_hostile_repository_runs_nothing_outside(server: LiveServer, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    async with server.client() as client:
        project = await create_project(client, f"hostile-{secrets.token_hex(3)}", "static")
        script = f"#!/bin/sh\ntouch {witness}\ntouch /workspace/ran-inside\n"
        await run(client, project, f"printf '%s' '{script}' > evil.sh; chmod +x evil.sh; ln -s /etc/passwd link")
        await run(client, project, "git config core.fsmonitor /workspace/evil.sh; cp evil.sh .git/hooks/post-checkout")
        base = f"/api/v1/projects/{project['owner']}/{project['name']}"
        assert (await run(client, project, "git status"))["exit_code"] == 0
        async with client.get(f"{base}/files/index.html") as response:
            assert response.status == 200
        async with client.get(f"{base}/files/link") as response:
            assert response.status >= 400
        assert (await run(client, project, "ls ran-inside"))["exit_code"] == 0
    assert not witness.exists()
