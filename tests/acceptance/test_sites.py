"""Sites against the running server: pushed with stock git, shown at hosts of their own, replaced, failing, gone."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.acceptance.test_git import git
from tests.support.previews import Answer, ask, wait_for_text
from tests.support.server import LiveServer, create_project, remote_of
from tests.support.waiting import eventually

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("live")]

SERVER = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        text = f"{os.environ['GREETING']} at {self.headers['Host']} to {os.environ.get('TOKEN', 'nobody')}"
        self.send_response(int(os.environ.get("STATUS", "200"))); self.end_headers(); self.wfile.write(text.encode())
http.server.HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


@dataclass
class Shop:
    """A project of the running server, and a clone of it."""

    server: LiveServer
    client: aiohttp.ClientSession
    clone: Path
    name: str
    owner: str

    async def push(self, branch: str, files: dict[str, str]) -> str:
        for name, text in files.items():
            (self.clone / name).write_text(text)
        await git("add", "-A", cwd=self.clone, home=self.clone.parent)
        await git("commit", "-qm", "Change it", cwd=self.clone, home=self.clone.parent)
        return await git("push", "-q", "origin", f"HEAD:{branch}", cwd=self.clone, home=self.clone.parent)

    def url(self, first: str) -> str:
        return self.server.content_url(f"{first}--{self.name}--{self.owner}")

    async def shows(self, first: str, text: str) -> Answer:
        return await wait_for_text(self.client, self.url(first), self.server.token, text, within=40)

    @property
    def api(self) -> str:
        return f"/api/v1/projects/{self.owner}/{self.name}"

    async def act(self, number: int, what: str) -> None:
        """Have a build's site stopped or started."""
        async with self.client.get(f"{self.api}/builds") as response:
            builds = {build["number"]: build for build in (await response.json())["builds"]}
        async with self.client.post(f"/api/v1/builds/{builds[number]['id']}/{what}") as response:
            assert response.status < 300, await response.text()

    async def status(self, first: str) -> int:
        return (await ask(self.client, self.url(first), self.server.token)).status


@asynccontextmanager
async def opened(server: LiveServer, folder: Path) -> AsyncIterator[Shop]:
    """A new one on that server, which shows its template already; its clone lies in the folder."""
    async with server.client() as client:
        project = await create_project(client, f"shop-{secrets.token_hex(3)}", "static")
        remote = remote_of(project, server.token)
        await wait_for_text(client, project["urls"]["preview"], server.token, "<html")
        await git("clone", "-q", remote, "clone", cwd=folder, home=folder)
        yield Shop(server, client, folder / "clone", project["name"], project["owner"])


@pytest.fixture
async def shop(building_server: LiveServer, tmp_path: Path) -> AsyncIterator[Shop]:
    async with opened(building_server, tmp_path) as made:
        yield made


def manifest(greeting: str, **more: str) -> dict[str, str]:
    lines = "".join(f"{name}: {value}\n" for name, value in more.items())
    return {"server.py": SERVER, "firefly.yml": f"run: python3 server.py\nenv: {{GREETING: {greeting}}}\n{lines}"}


async def test_a_branch_has_a_site_from_its_first_push_to_its_end(shop: Shop) -> None:
    await shop.push("feature", manifest("one", urls="[api]"))
    answer = await shop.shows("feature", "one at feature--")
    assert "live-reload" not in answer.text
    assert "one at api--feature--" in (await shop.shows("api--feature", "one")).text
    await shop.shows("build-1", "one at build-1--")

    # One that does not answer as it should is not shown: who was there stays.
    await shop.push("feature", {"firefly.yml": FAILING})
    await shop.push("feature", manifest("three"))
    await shop.shows("feature", "three")
    assert await shop.status("build-2") == 401
    assert await shop.status("api--feature") == 401
    # The first one was stopped, and starts from its artifact for whoever opens its own address.
    await shop.shows("build-1", "one at build-1--")

    # It is stopped and started by hand, and moves with its project.
    await shop.act(3, "stop")
    stopped = await ask(shop.client, shop.url("feature"), shop.server.token)
    assert (stopped.status, "stopped it" in stopped.text) == (503, True)
    await shop.act(3, "start")
    await shop.shows("feature", "three")
    async with shop.client.patch(shop.api, json={"name": f"{shop.name}-moved"}) as response:
        assert response.status == 200, await response.text()
    old = await ask(shop.client, shop.url("feature"), shop.server.token)
    shop.name = f"{shop.name}-moved"
    assert (old.status, "http:" + old.headers["Location"].rstrip("/")) == (308, shop.url("feature"))
    await shop.shows("feature", "three at feature--")

    await git("push", "-q", "origin", ":feature", cwd=shop.clone, home=shop.clone.parent)

    async def gone() -> bool:
        return await shop.status("feature") == 401

    await eventually(gone)
    await shop.shows("build-3", "three at build-3--")


FAILING = "run: python3 server.py\nenv: {GREETING: two, STATUS: 500}\nhealth: {path: /, timeout: 1s}\n"


async def test_pages_are_shown_without_a_process(shop: Shop) -> None:
    pages = {"index.html": "<!doctype html><body>page one</body>", "about.html": "about", "404.html": "lost"}
    await shop.push("pages", {**pages, "firefly.yml": "urls: [www]\ndatabase: postgres\n"})
    answer = await shop.shows("pages", "page one")
    assert "live-reload" not in answer.text
    async with shop.client.get(f"{shop.api}/builds") as response:
        (build,) = (await response.json())["builds"]
    site = build["site"]
    assert (site["is_pages"], site["state"], site["sandbox_state"], site["stops_at"]) == (True, "live", None, None)
    assert (await shop.shows("www--pages", "page one")).status == 200
    lost = await ask(shop.client, f"{shop.url('pages')}/nothing", shop.server.token)
    assert (lost.status, lost.text) == (404, "lost")

    await shop.act(1, "stop")
    stopped = await ask(shop.client, shop.url("pages"), shop.server.token)
    assert (stopped.status, "stopped it" in stopped.text) == (503, True)
    await shop.act(1, "start")
    await shop.shows("pages", "page one")

    # The same branch with something that runs, and then without it again.
    await shop.push("pages", manifest("two"))
    await shop.shows("pages", "two at pages--")
    await git("rm", "-q", "firefly.yml", "server.py", cwd=shop.clone, home=shop.clone.parent)
    await shop.push("pages", {"index.html": "page three"})
    await shop.shows("pages", "page three")
    await shop.shows("build-1", "page one")
    await shop.shows("build-2", "two at build-2--")
