"""SIGTERM: the server goes within moments although streams and tunnels are open, and comes back to the same."""

import asyncio
from pathlib import Path

import pytest

from tests.support.server import LiveServer, create_project

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("survival")]


async def test_open_streams_and_tunnels_do_not_keep_the_server(tmp_path: Path) -> None:
    with LiveServer(tmp_path, settings={"FIREFLY_DRAIN_REQUESTS": "600", "FIREFLY_DRAIN_TUNNELS": "0.5"}) as server:
        async with server.client() as client:
            project = await create_project(client, "held", "static")
            bridge = f"/api/v1/projects/{project['owner']}/held/bridge"
            async with (
                client.get("/api/v1/events") as events,
                client.ws_connect(bridge, protocols=("firefly.bridge.v1",)) as tunnel,
            ):
                assert (await events.content.readline()).startswith(b": open")
                assert tunnel.protocol == "firefly.bridge.v1"
                # Stopping the sandboxes and the database is part of it; waiting for those who read is not.
                await asyncio.to_thread(server.stop)
                assert server.process is not None
                assert server.process.returncode == 0
        server.start()
        async with server.client() as client, client.get("/api/v1/projects") as response:
            assert [found["name"] for found in (await response.json())["items"]] == ["held"]
