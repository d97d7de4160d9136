"""The front door in processes of its own: the same previews, tunnels and endings of access, and a worker that dies."""

import asyncio
import io
import os
import re
import secrets
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.previews import ask, wait_for_text
from tests.support.server import LiveServer, create_project
from tests.support.waiting import eventually

from .test_access import LIVE, by_link, made, status

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("workers")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("workers"), settings={"FIREFLY_PROXY_WORKERS": "2"}) as started:
        yield started


@pytest.fixture
async def client(server: LiveServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with server.client() as session:
        yield session


@pytest.fixture
async def project(client: aiohttp.ClientSession) -> dict[str, object]:
    return await create_project(client, f"crew-{secrets.token_hex(3)}", "static")


def workers(server: LiveServer) -> list[int]:
    """The process numbers of the workers."""
    assert server.process is not None
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"firefly.workers" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def metrics(client: aiohttp.ClientSession) -> dict[str, float]:
    async with client.get("/metrics") as response:
        lines = re.findall(r"(?m)^firefly_(\w+) (\S+)$", await response.text())
    return {name: float(value) for name, value in lines}


async def test_a_preview_opens_to_a_grant_and_closes_with_it_tunnels_included(
    server: LiveServer, client: aiohttp.ClientSession, project: dict[str, dict[str, str]]
) -> None:
    preview = project["urls"]["preview"]
    access = f"/api/v1/projects/{project['owner']}/{project['name']}/access"
    link = await made(client, f"{access}/links", label="For a guest")
    async with server.client(token="") as browser:
        assert await status(browser, preview) == 401
        cookie = await by_link(browser, link["url"])
        assert await status(browser, preview, Cookie=cookie) == 200
        fields = {"Cookie": cookie, "Origin": preview}
        async with browser.ws_connect(f"{preview}{LIVE}", headers=fields) as socket:
            async with client.get(access) as response:
                (grant,) = (await response.json())["grants"]
            async with client.delete(f"{access}/grants/{grant['id']}") as response:
                assert response.status == 204
            async with asyncio.timeout(30):
                while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                    pass
            assert message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.ERROR}
        assert await status(browser, preview, Cookie=cookie) == 401


async def test_changes_of_access_count_in_every_worker_at_once(
    server: LiveServer, client: aiohttp.ClientSession, project: dict[str, dict[str, str]]
) -> None:
    preview = project["urls"]["preview"]
    access = f"/api/v1/projects/{project['owner']}/{project['name']}/access"
    async with server.client(token="") as browser:
        for body, expected in (({"public": True}, 200), ({"public": False}, 401), ({"addresses": ["127.0.0.1"]}, 200)):
            async with client.patch(access, json=body) as response:
                assert response.status == 200
            # On connections of their own, so that both workers have their share.
            found = {await status(browser, preview, Connection="close") for _ in range(8)}
            assert found == {expected}


async def test_the_bridge_is_reached_and_its_holder_can_be_put_out(
    server: LiveServer, client: aiohttp.ClientSession, project: dict[str, dict[str, str]]
) -> None:
    async with client.post("/api/v1/tokens", json={"name": "editor", "scopes": ["read", "write"]}) as response:
        token = await response.json()
    async with server.client(token=token["token"]) as editor:
        bridge = f"/api/v1/projects/{project['owner']}/{project['name']}/bridge"
        async with editor.ws_connect(bridge, protocols=("firefly.bridge.v1",)) as tunnel:
            assert tunnel.protocol == "firefly.bridge.v1"
            async with client.delete(f"/api/v1/tokens/{token['id']}") as response:
                assert response.status == 204
            async with asyncio.timeout(30):
                while (message := await tunnel.receive()).type in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}:
                    pass
            assert message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.ERROR}


async def test_a_sandbox_that_was_stopped_wakes_and_large_bodies_pass(
    server: LiveServer, client: aiohttp.ClientSession, project: dict[str, dict[str, str]]
) -> None:
    path = f"/api/v1/projects/{project['owner']}/{project['name']}"
    body = os.urandom(8 << 20)
    async with client.put(f"{path}/files/large.bin", data=io.BytesIO(body)) as response:
        assert response.status in {200, 201, 204}
    async with client.post(f"{path}/sandbox/stop") as response:
        assert response.status < 300
    fields = {"X-Firefly-Preview-Token": server.token, "Authorization": ""}
    async with client.get(f"{project['urls']['preview']}/large.bin", headers=fields) as response:
        assert response.status == 200
        assert await response.read() == body


async def test_a_worker_that_dies_is_replaced_and_the_server_goes_on(
    server: LiveServer, client: aiohttp.ClientSession, project: dict[str, dict[str, str]]
) -> None:
    await wait_for_text(client, project["urls"]["preview"], server.token, "<html")
    counted = (await metrics(client))["front_door_accepted_total"]
    before = workers(server)
    assert len(before) == 2
    os.kill(before[0], signal.SIGKILL)
    async with server.client() as other:
        assert (await ask(other, project["urls"]["preview"], server.token)).status == 200

    async def both() -> bool:
        async with server.client() as fresh:
            return len(workers(server)) == 2 and (await metrics(fresh))["workers"] == 2

    await eventually(both, within=60)
    assert before[0] not in workers(server)
    assert "worker.ended" in server.log
    assert "SIGKILL" in server.log
    async with server.client() as other:
        assert (await metrics(other))["front_door_accepted_total"] >= counted


async def test_workers_end_with_the_server(tmp_path: Path) -> None:
    server = LiveServer(tmp_path, settings={"FIREFLY_PROXY_WORKERS": "1", "FIREFLY_DRAIN_TUNNELS": "0.2"})
    with server:
        (worker,) = workers(server)
        await asyncio.to_thread(server.stop)
        assert server.process is not None
        assert server.process.returncode == 0
        assert not runs(worker)
        server.start()
        (worker,) = workers(server)
        server.kill()
        await eventually(lambda: not runs(worker), within=60)
        server.start()
