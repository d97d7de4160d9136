"""`firefly serve --replace`: a server hands over to its successor under load, and no request fails."""

import asyncio
import io
import os
import secrets
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.support.load import Load, need_wrk
from tests.support.previews import ask, wait_for_text
from tests.support.server import LiveServer, create_project
from tests.support.waiting import eventually

from .test_access import LIVE

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("handover")]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    with LiveServer(tmp_path) as started:
        yield started


@pytest.fixture
async def client(server: LiveServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with server.client() as session:
        yield session


async def shown(client: aiohttp.ClientSession, server: LiveServer, name: str = "stays") -> dict[str, Any]:
    """A project whose page is open to everybody."""
    project = await create_project(client, name, "static", visibility="public")
    await wait_for_text(client, project["urls"]["preview"], server.token, "<html")
    return project


async def ended(process: subprocess.Popen[bytes], *, within: float = 60) -> int:
    return await asyncio.to_thread(process.wait, within)


@asynccontextmanager
async def heard(tunnel: aiohttp.ClientWebSocketResponse) -> AsyncIterator[list[str]]:
    """What comes by a tunnel while the block runs; reading also answers the pings that keep it open."""
    texts: list[str] = []

    async def read() -> None:
        while not tunnel.closed:
            texts.append(str((await tunnel.receive()).data))

    reading = asyncio.create_task(read())
    try:
        yield texts
    finally:
        reading.cancel()
        await asyncio.wait([reading])


def load(server: LiveServer, stack: ExitStack, preview: str) -> list[Load]:
    """Kept connections and fresh ones, to a preview and to the app."""
    host, app = (
        urlsplit(preview).netloc,
        {"Host": f"localhost:{server.port}", "Authorization": f"Bearer {server.token}"},
    )
    return [
        stack.enter_context(Load(f"http://127.0.0.1:{server.port}{path}", connections=connections, fields=fields))
        for path, connections, fields in (
            ("/", 8, {"Host": host}),
            ("/", 4, {"Host": host, "Connection": "close"}),
            ("/api/v1/me", 2, app),
            ("/api/v1/me", 2, app | {"Connection": "close"}),
        )
    ]


@pytest.mark.parametrize("workers", [0, 1])
async def test_three_upgrades_under_load_fail_no_request(tmp_path: Path, workers: int) -> None:
    need_wrk()
    with LiveServer(tmp_path, settings={"FIREFLY_PROXY_WORKERS": str(workers)}) as server:
        async with server.client() as client:
            project = await shown(client, server)
            preview, path = project["urls"]["preview"], f"/api/v1/projects/{project['owner']}/{project['name']}"
            bridge = client.ws_connect(f"{path}/bridge", protocols=("firefly.bridge.v1",))
            live = client.ws_connect(f"{preview}{LIVE}", headers={"Authorization": ""})
            async with bridge as editor, live as page, heard(editor) as answers, heard(page) as changes:
                with ExitStack() as stack:
                    loads = load(server, stack, preview)
                    before = [await asyncio.to_thread(server.replace) for _ in range(3)]
                assert [one.result.problems for one in loads] == ["", "", "", ""]
                assert all(one.result.requests > 50 for one in loads), [one.result.requests for one in loads]
                # What was opened with the first is still open, and hears of what is done by the last.
                await editor.send_json({"jsonrpc": "2.0", "id": 1, "method": "application.status", "params": {}})
                await eventually(lambda: any('"id":1' in text for text in answers), within=60)
                async with server.client() as fresh, fresh.put(f"{path}/files/index.html", data=b"new") as response:
                    assert response.status < 300
                await eventually(lambda: changes, within=60)
            assert [await ended(process) for process in before] == [0, 0, 0]
        async with server.client() as fresh:
            assert (await ask(fresh, preview, "")).text.startswith("new")
            async with fresh.get(f"{path}/sandbox") as response:
                assert (await response.json())["reason"] == "Found running when the server started."


async def test_what_lasts_longer_than_the_change_ends_well(server: LiveServer, client: aiohttp.ClientSession) -> None:
    project = await shown(client, server)
    path = f"/api/v1/projects/{project['owner']}/{project['name']}"
    body = os.urandom(6 << 20)
    async with client.put(f"{path}/files/old.bin", data=io.BytesIO(body)) as response:
        assert response.status < 300
    changed = asyncio.Event()

    async def halves() -> AsyncIterator[bytes]:
        yield body[: 3 << 20]
        await changed.wait()
        yield body[3 << 20 :]

    async def upload() -> int:
        async with client.put(f"{path}/files/new.bin", data=halves()) as response:
            return response.status

    async with server.client(token="") as visitor:
        uploading = asyncio.create_task(upload())
        async with visitor.get(f"{project['urls']['preview']}/old.bin") as download:
            first = await download.content.readexactly(1 << 20)
            command = client.post(f"{path}/exec", json={"command": "until test -e go; do sleep 0.05; done; echo went"})
            running = asyncio.create_task(answer_of(command))
            before = await asyncio.to_thread(server.replace)
            assert before.poll() is None
            async with server.client() as fresh, fresh.put(f"{path}/files/go", data=b"") as response:
                assert response.status < 300
            changed.set()
            assert first + await download.content.read() == body
        assert await uploading < 300
        assert (await running)["stdout"] == "went\n"
    async with server.client() as fresh, fresh.get(f"{path}/files/new.bin") as response:
        assert await response.read() == body
    await client.close()
    assert await ended(before) == 0


async def answer_of(asked: Any) -> Any:
    async with asked as response:
        return await response.json()


async def test_a_sandbox_that_sleeps_is_woken_for_who_came_by_the_old_server(
    server: LiveServer, client: aiohttp.ClientSession
) -> None:
    """What an old server still has open asks the new one for sandboxes; a new tunnel goes by a kept connection."""
    project = await shown(client, server)
    path, preview = f"/api/v1/projects/{project['owner']}/{project['name']}", project["urls"]["preview"]
    host = urlsplit(preview).netloc
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    # Its head is only begun: whichever server accepted it has to answer.
    writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\n".encode())
    await writer.drain()
    async with server.client(token="") as visitor, visitor.ws_connect(f"{preview}{LIVE}"):
        before = await asyncio.to_thread(server.replace)
        async with server.client() as fresh, fresh.post(f"{path}/sandbox/stop") as response:
            assert response.status < 300
        writer.write(b"\r\n")
        async with asyncio.timeout(60):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        assert head.startswith("HTTP/1.1 200")
        assert "\r\nConnection: close\r\n" in head
        writer.close()
    assert await ended(before) == 0


async def test_a_successor_that_does_not_start_changes_nothing(
    server: LiveServer, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    need_wrk()
    project = await shown(client, server)
    preview = project["urls"]["preview"]
    with ExitStack() as stack:
        loads = load(server, stack, preview)
        for settings, reason in (
            ({"FIREFLY_SECRET_KEY": "short"}, "FIREFLY_SECRET_KEY needs at least 32 characters"),
            ({"FIREFLY_PROXY_WORKERS": "1", "PYTHONPATH": broken(tmp_path, WORKER)}, "did not start: exit code 7"),
            # Found out after sandboxes and database were let go of.
            ({"PYTHONPATH": broken(tmp_path, LATE)}, "It is broken on purpose."),
        ):
            failed = await asyncio.to_thread(attempt, server, settings)
            assert (failed.returncode, reason in failed.stderr) == (1, True), failed.stderr
    assert [one.result.problems for one in loads] == ["", "", "", ""]
    assert "handover.let_go" in server.log
    assert server.process is not None
    assert server.process.poll() is None
    other = await create_project(client, f"after-{secrets.token_hex(2)}", "static")
    await wait_for_text(client, other["urls"]["preview"], server.token, "<html")
    before = await asyncio.to_thread(server.replace)
    async with server.client() as fresh:
        assert (await ask(fresh, preview, "")).status == 200
    await client.close()
    assert await ended(before) == 0


# What Python runs before anything else. A worker of the front door ends; the server fails after all was let go of.
WORKER = """
import os, sys
if "firefly.workers" in str(sys.orig_argv):
    os._exit(7)
"""
LATE = """
import sys
if "--replace" in sys.orig_argv:
    from firefly.adapters.site import Site
    from firefly.errors import Unavailable
    async def fail(self):
        raise Unavailable("It is broken on purpose.")
    Site.open = fail
"""


def broken(folder: Path, source: str) -> str:
    """A folder for PYTHONPATH."""
    made = folder / secrets.token_hex(4)
    made.mkdir()
    (made / "sitecustomize.py").write_text(source)
    return str(made)


def attempt(server: LiveServer, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A start in the place of `server` that ends by itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FIREFLY_")}
    own = {"FIREFLY_DATA_DIR": str(server.folder / "data"), "FIREFLY_LISTEN": f"127.0.0.1:{server.port}"}
    own["FIREFLY_BOOTSTRAP_TOKEN"] = server.token
    return subprocess.run(
        (*server.command, "--replace"), env=kept | own | settings, capture_output=True, text=True, timeout=120,
        cwd=server.folder,
    )  # fmt: skip


async def test_a_data_directory_that_is_taken_names_the_way_out(server: LiveServer) -> None:
    assert server.process is not None
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FIREFLY_")}
    done = await asyncio.to_thread(
        subprocess.run, server.command, env=kept | {"FIREFLY_DATA_DIR": str(server.folder / "data")},
        capture_output=True, text=True, timeout=60, cwd=server.folder,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.strip() == (
        f"Another Firefly (process {server.process.pid}) uses {server.folder}/data. Stop it, choose another "
        "FIREFLY_DATA_DIR, or start with --replace to take over from it without a break."
    )
