"""Every template, with the real npm, Vite, Express, pip, Flask, FastAPI and uvicorn: from nothing to an edited page."""

import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from firefly.protocol.application import ApplicationKind, ApplicationStatus, State
from firefly.protocol.workspace import InitializeParams
from tests.bridge.conftest import CONFIGURATION, Running
from tests.support.waiting import eventually

TEMPLATES = Path(__file__).parents[2] / "firefly/projects/templates"
HOST = {"Host": "engine--ada.preview.localhost:8000"}
pytestmark = [pytest.mark.network, pytest.mark.timeout(300), pytest.mark.xdist_group("templates")]


async def started(house: Running, template: str) -> ApplicationStatus:
    shutil.copytree(TEMPLATES / template, house.environment.templates / template)
    await house.client.initialize(InitializeParams(template=template))
    await house.client.configure(CONFIGURATION)

    async def settled() -> ApplicationStatus | None:
        status = await house.client.application_status()
        output = house.bridge.application.output.tail(30)
        assert status.state is not State.CRASHED, "\n".join(output)
        return status if status.state in {State.RUNNING, State.STOPPED} else None

    status = await eventually(settled, within=240)
    assert status is not None
    return status


async def body(house: Running, path: str = "/") -> str:
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(house.url + path, headers=HOST) as response:
                return await response.text() if response.status == 200 else ""
        except aiohttp.ClientError:
            return ""


def shows(house: Running, text: str, path: str = "/") -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return text in await body(house, path)

    return look


def insert(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


async def test_static(house: Running) -> None:
    assert (await started(house, "static")).kind is ApplicationKind.STATIC
    insert(house.tree / "index.html", "<p>edited</p>")
    await eventually(shows(house, "edited"))


async def test_vite_react_accepts_the_preview_host_and_sends_hot_updates(house: Running) -> None:
    await started(house, "vite-react")
    page = await body(house)
    assert "/@vite/client" in page
    async with aiohttp.ClientSession() as session:
        async with session.get(house.url, headers={"Host": "other.example"}) as refused:
            assert refused.status == 403
        client = await body(house, "/@vite/client")
        token = client.partition('wsToken = "')[2].partition('"')[0]
        address = f"{house.url}/?token={token}"
        async with session.ws_connect(address, protocols=("vite-hmr",), headers=HOST) as socket:
            assert json.loads(await socket.receive_str(timeout=30))["type"] == "connected"
            await eventually(shows(house, "App", "/src/App.jsx"))
            insert(house.tree / "src/App.jsx", "\n// edited\n")
            update = json.loads(await socket.receive_str(timeout=30))
            assert update["type"] in {"update", "custom"}
    await eventually(shows(house, "edited", "/src/App.jsx"))


async def test_express_follows_an_edit(house: Running) -> None:
    assert (await started(house, "express")).command == "npm run dev"
    assert await body(house)
    server = house.tree / "server.js"
    added = "\nserver?.on;\n" if "server =" in server.read_text() else "\n"
    source = server.read_text().replace(
        "app.listen(", "app.get('/edited', (q, r) => r.send('edited'));\napp.listen(", 1
    )
    server.write_text(source + added)
    await eventually(shows(house, "edited", "/edited"))


async def test_flask_follows_an_edit(house: Running) -> None:
    assert "flask" in ((await started(house, "flask")).command or "")
    assert await body(house)
    insert(house.tree / "app.py", '\n\n@app.get("/edited")\ndef edited():\n    return "edited"\n')
    await eventually(shows(house, "edited", "/edited"))


async def test_fastapi_echoes_and_follows_an_edit(house: Running) -> None:
    assert "uvicorn" in ((await started(house, "fastapi")).command or "")
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{house.url}/ws", headers=HOST) as socket:
        await socket.send_str("hello")
        assert "hello" in await socket.receive_str(timeout=30)
    insert(house.tree / "main.py", '\n\n@app.get("/edited")\ndef edited() -> str:\n    return "edited"\n')
    await eventually(shows(house, "edited", "/edited"))


async def test_python_script_shows_its_output(house: Running) -> None:
    assert (await started(house, "python")).kind is ApplicationKind.SCRIPT

    async def ended() -> bool:
        return (await house.client.application_status()).exit_code == 0

    await eventually(ended)
    assert "<pre>" in await body(house)
    insert(house.tree / "main.py", '\nprint("edited")\n')
    await eventually(shows(house, "edited"))
