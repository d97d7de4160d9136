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

from firefly import app
from firefly.errors import InvalidInput
from firefly.settings import Settings
from tests.support.server import LiveServer, create_project

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("survival")]

SERVE = (sys.executable, "-m", "firefly", "serve")


def serve(tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the server until it gives up by itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FIREFLY_")}
    environment = kept | {"FIREFLY_DATA_DIR": str(tmp_path / "data"), "HOME": str(tmp_path), **settings}
    return subprocess.run(SERVE, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=30)


def hand_over(listener: socket.socket) -> None:
    os.dup2(listener.fileno(), app.FIRST_HANDED_OVER)


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


@pytest.mark.parametrize("listen", ["192.0.2.254:0", "no-such-host.invalid:0"])
def test_an_address_of_nobody_here_is_told(listen: str, settings: Settings) -> None:
    with pytest.raises(InvalidInput, match=f"cannot listen at {listen}") as caught:
        app.listen(settings.model_copy(update={"listen": listen}))
    assert caught.value.field == "listen"


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", socket.AF_INET), ("[::1]", socket.AF_INET6)])
def test_either_family_is_listened_on(host: str, family: socket.AddressFamily, settings: Settings) -> None:
    chosen = settings.model_copy(update={"listen": f"{host}:0"})
    if not has_loopback(family):
        with pytest.raises(InvalidInput, match="cannot listen"):
            app.listen(chosen)
        return
    with app.listen(chosen) as found:
        assert found.family is family
        assert found.getsockname()[1] > 0


def has_loopback(family: socket.AddressFamily) -> bool:
    """Machines without IPv6 are common."""
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind(("::1" if family is socket.AF_INET6 else "127.0.0.1", 0))
    except OSError:
        return False
    return True


def test_a_socket_that_was_handed_to_somebody_else_is_left_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables that an ancestor was given name its own process."""
    monkeypatch.setenv("LISTEN_PID", str(os.getppid()))
    monkeypatch.setenv("LISTEN_FDS", "1")
    with app.listen(settings) as found:
        assert found.fileno() != app.FIRST_HANDED_OVER or found.getsockname()[0] == "127.0.0.1"
        assert found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1


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
            keeps=(app.FIRST_HANDED_OVER,),
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
