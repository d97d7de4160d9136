"""A member's own workspace on a whole server: what it starts from, whose it is, and how work gets out of it."""

import secrets
from typing import Any

import aiohttp
import pytest

from tests.support.people import add_member, make_person
from tests.support.previews import wait_for_text
from tests.support.server import LiveServer, create_project
from tests.support.waiting import eventually

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("live")]


async def call(client: aiohttp.ClientSession, method: str, path: str, status: int = 200, **body: Any) -> Any:
    async with client.request(method, f"/api/v1{path}", json=body or None) as response:
        told = await response.json() if response.content_type.endswith("json") else await response.text()
        assert response.status == status, told
        return told


async def run(client: aiohttp.ClientSession, base: str, command: str, query: str = "") -> str:
    done = await call(client, "POST", f"{base}/exec{query}", command=command)
    assert done["exit_code"] == 0, done
    return str(done["stdout"])


async def test_own_work_is_apart_until_it_is_pushed(live_server: LiveServer, client: aiohttp.ClientSession) -> None:
    tag = secrets.token_hex(3)
    project = await create_project(client, f"team-{tag}", "static")
    base, person = f"/projects/{project['owner']}/team-{tag}", await make_person(live_server)
    name = person.name
    await add_member(client, project, person, "editor")
    await call(client, "POST", f"{base}/secrets", 201, name="API_KEY", value="k-1")
    async with live_server.client(token=person.token) as bob:
        query = f"?workspace={name}"
        opened = await call(bob, "POST", f"{base}/workspaces", 202)
        own = f"{base}/workspaces/{name}"

        async def ready() -> bool:
            return bool((await call(bob, "GET", own))["ready"])

        await eventually(ready, within=60)
        assert opened["urls"]["preview"].partition("://")[2].startswith(f"me-{name}--")
        told = await run(bob, base, "echo $API_KEY; git status --porcelain; git log --oneline | wc -l", query)
        assert told == "k-1\n1\n"
        await run(bob, base, "echo '<p>of my own' > index.html", query)
        await wait_for_text(client, opened["urls"]["preview"], live_server.token, "of my own")
        assert "of my own" not in await run(bob, base, "cat index.html")
        # Nobody else gets in; the owner sees that it is there and how it does.
        await call(client, "GET", f"{base}/files/index.html{query}", 403)
        listed = (await call(client, "GET", f"{base}/workspaces"))["items"]
        assert [(one["member"], one["state"]) for one in listed] == [(None, "running"), (name, "running")]
        assert "index.html" in (await call(client, "DELETE", own, 409))["detail"]

        setup = "git config user.name Bob; git config user.email bob@example.org; git commit -qam Mine; git push -q"
        await run(bob, base, setup, query)

        async def followed() -> bool:
            return "of my own" in await run(client, base, "cat index.html")

        await eventually(followed)
        await call(client, "PUT", f"{base}/secrets/API_KEY", value="k-2")
        assert await run(bob, base, "echo $API_KEY", query) == "k-2\n"

        await call(client, "DELETE", f"{base}/members/{name}", 204)
        await call(bob, "GET", f"{base}/sandbox{query}", 404)
        found = (await call(client, "GET", f"{base}/workspaces"))["items"][1]
        assert (found["open"], found["state"]) == (False, "stopped")
        fields = {"X-Firefly-Preview-Token": live_server.token}
        async with client.get(opened["urls"]["preview"], headers=fields) as response:
            assert response.status == 401
        await call(client, "DELETE", own, 204)
        await call(client, "GET", own, 404)
