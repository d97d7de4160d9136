"""The server as a process: where it listens, what it says when it cannot, and what it leaves when it goes."""

import os
import secrets
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from firefly.adapters.listening import FIRST_HANDED_OVER
from tests.support.server import LiveServer, create_project

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("survival")]

SERVE = (sys.executable, "-m", "firefly", "serve")


def serve(tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the server until it gives up by itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FIREFLY_")}
    environment = kept | {"FIREFLY_DATA_DIR": str(tmp_path / "data"), "HOME": str(tmp_path), **settings}
    return subprocess.run(SERVE, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=30)


def hand_over(listener: socket.socket) -> None:
    os.dup2(listener.fileno(), FIRST_HANDED_OVER)


async def sandbox(client: aiohttp.ClientSession, name: str) -> dict[str, Any]:
    async with client.get(f"/api/v1/projects/admin/{name}/sandbox") as response:
        body: dict[str, Any] = await response.json()
        assert response.status == 200, body
        return body


def test_a_taken_port_is_told_in_a_sentence_and_nothing_is_touched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        done = serve(tmp_path, FIREFLY_LISTEN=listen)
    assert done.returncode == 1
    assert done.stderr.strip() == (
        f"Firefly cannot listen at {listen}: Address already in use. Choose another address with --listen."
    )
    assert {path.name for path in (tmp_path / "data").iterdir()} <= {"run"}


def test_hosts_that_are_not_safe_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    done = serve(tmp_path, FIREFLY_URL="https://example.com", FIREFLY_CONTENT_DOMAIN="preview.example.com")
    assert done.returncode == 1
    assert "example.com and *.preview.example.com are one site to browsers" in done.stderr
    assert not (tmp_path / "data").exists()


async def test_a_socket_from_systemd_serves_and_sandboxes_outlive_the_server(tmp_path: Path) -> None:
    """The socket stays open between two runs, as a socket unit's does: nobody is refused meanwhile."""
    name = f"stays{secrets.token_hex(3)}"
    with socket.create_server(("127.0.0.1", 0)) as handed:
        server = LiveServer(
            tmp_path,
            enter=partial(hand_over, handed),
            # Its own settings name a port that it would fail to bind: only the one that was handed over can serve.
            settings={"FIREFLY_LISTEN": "192.0.2.254:1", "FIREFLY_URL": f"http://localhost:{handed.getsockname()[1]}"},
            port=handed.getsockname()[1],
            command=("/bin/sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" -m firefly serve $FLAGS', sys.executable),
            keeps=(FIRST_HANDED_OVER,),
        )
        with server:
            async with server.client() as client:
                await create_project(client, name, "static")
                before = await sandbox(client, name)
            assert before["state"] == "running"
            server.stop()
            assert server.process is not None
            assert server.process.returncode == 0
            server.settings["FLAGS"] = "--stop-sandboxes"
            server.start()
            async with server.client() as client:
                after = await sandbox(client, name)
            assert (after["state"], after["reason"]) == ("running", "Found running when the server started.")
            server.stop()
            del server.settings["FLAGS"]
            server.start()
            async with server.client() as client:
                assert (await sandbox(client, name))["state"] == "stopped"
            server.settings["FLAGS"] = "--stop-sandboxes"
