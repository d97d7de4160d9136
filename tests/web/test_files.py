"""Files by the API: streamed to and from the bridge, which decides; what could leave its part never gets there."""

import json

import pytest
from aiohttp import web

from firefly.errors import SandboxFailed
from firefly.projects import Role, Visibility

from .bridge import MemoryBridge
from .world import World

BASE = "/api/v1/projects/ada/site/files"


async def test_bytes_go_in_and_come_out_with_their_version(world: World, bridge: MemoryBridge) -> None:
    world.projects.add(world.ada, "site")
    client = await world.program(world.ada)
    data = bytes(range(256)) * 4000
    written = await client.put(f"{BASE}/deep/a%20file.bin", data=data)
    assert (written.status, written.headers["ETag"]) == (200, '"v2"')
    assert bridge.files["deep/a file.bin"] == data
    read = await client.get(f"{BASE}/deep/a%20file.bin")
    assert await read.read() == data
    assert read.headers["ETag"] == '"v1"'
    assert (await client.delete(f"{BASE}/deep/a%20file.bin")).status == 200
    assert "deep/a file.bin" not in bridge.files


async def test_the_bridge_hears_who_asks_and_in_which_role(world: World, bridge: MemoryBridge) -> None:
    project = world.projects.add(world.bob, "site")
    world.projects.members[project.id][world.ada.id] = Role.EDITOR
    client = await world.program(world.ada)
    await client.get("/api/v1/projects/bob/site/files/index.html")
    assert json.loads(bridge.members[0]) == {"id": str(world.ada.id), "name": "ada", "role": "editor"}


async def test_conditions_are_passed_on(world: World, bridge: MemoryBridge) -> None:
    world.projects.add(world.ada, "site")
    body = {"type": "urn:firefly:version-conflict", "detail": "Changed by someone else.", "version": "v9"}
    bridge.answer = web.json_response(body, status=412, content_type="application/problem+json")
    client = await world.program(world.ada)
    response = await client.put(f"{BASE}/index.html", data=b"x", headers={"If-Match": '"v1"'})
    problem = await response.json()
    assert response.status == 412
    assert problem["type"] == "urn:firefly:version-conflict"
    assert problem["version"] == "v9"


@pytest.mark.parametrize(
    "path", ["../configure", "a/../../exec", "%2e%2e/exec", "a/%2e%2e/%2e%2e/exec", "%2Fetc/passwd", "a%00b", "./a"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_paths_that_leave_the_workspace_never_reach_the_bridge(
    world: World, bridge: MemoryBridge, method: str, path: str
) -> None:
    from yarl import URL

    world.projects.add(world.ada, "site")
    client = await world.program(world.ada)
    response = await client.session.request(method, URL(f"{client.make_url('/')}{BASE[1:]}/{path}", encoded=True))
    assert response.status in {404, 422}
    assert bridge.requests == []


async def test_a_file_beyond_the_limit_is_refused_and_the_old_one_stays(world: World, bridge: MemoryBridge) -> None:
    import io

    world.projects.add(world.ada, "site")
    client = await world.program(world.ada)
    headers = {"Content-Length": str(world.settings.max_upload + 1)}
    response = await client.put(f"{BASE}/index.html", data=io.BytesIO(b""), headers=headers)
    assert response.status == 413
    assert bridge.files["index.html"] == b"<h1>hello</h1>"


async def test_a_projects_page_never_runs_on_the_apps_host(world: World) -> None:
    world.projects.add(world.ada, "site")
    client = await world.program(world.ada)
    response = await client.get(f"{BASE}/index.html")
    assert response.content_type == "text/plain"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]


async def test_viewers_read_and_do_not_write(world: World, bridge: MemoryBridge) -> None:
    project = world.projects.add(world.ada, "site")
    world.projects.members[project.id][world.bob.id] = Role.VIEWER
    client = await world.program(world.bob)
    assert (await client.get(f"{BASE}/index.html")).status == 200
    assert (await client.put(f"{BASE}/index.html", data=b"x")).status == 403
    assert (await client.delete(f"{BASE}/index.html")).status == 403
    assert bridge.files["index.html"] == b"<h1>hello</h1>"


async def test_a_read_only_token_does_not_write(world: World, bridge: MemoryBridge) -> None:
    world.projects.add(world.ada, "site")
    client = await world.program(world.ada, "read")
    response = await client.put(f"{BASE}/index.html", data=b"x")
    assert response.status == 403
    assert "write" in (await response.json())["detail"]


async def test_strangers_cannot_tell_a_private_projects_files(world: World, bridge: MemoryBridge) -> None:
    world.projects.add(world.ada, "site")
    client = await world.program(world.bob)
    assert (await client.get(f"{BASE}/index.html")).status == 404
    assert bridge.requests == []


async def test_visitors_of_a_public_project_read_as_viewers(world: World, bridge: MemoryBridge) -> None:
    world.projects.add(world.ada, "site", visibility=Visibility.PUBLIC)
    response = await world.client().get(f"{BASE}/index.html")
    assert response.status == 200
    assert json.loads(bridge.members[0])["role"] == "viewer"
    assert json.loads(bridge.members[0])["visits"]


async def test_hidden_files_of_a_public_project_are_for_members(world: World, bridge: MemoryBridge) -> None:
    """A workspace holds what was never published: secrets in .env, credentials in .git/config."""
    world.projects.add(world.ada, "site", visibility=Visibility.PUBLIC)
    bridge.files |= {".env": b"SECRET=1", ".git/config": b"[remote]"}
    for client in (world.client(), await world.program(world.bob)):
        for name in (".env", ".git/config", "%2eenv"):
            assert (await client.get(f"{BASE}/{name}")).status == 403
    assert bridge.requests == []
    member = await world.program(world.ada)
    assert await (await member.get(f"{BASE}/.env")).read() == b"SECRET=1"
    assert "visits" not in json.loads(bridge.members[-1])


async def test_a_sandbox_that_does_not_start_says_why(world: World) -> None:
    world.projects.add(world.ada, "site")
    world.keeper.failure = SandboxFailed("It did not start.", output="no space", retry_after=4)
    client = await world.program(world.ada)
    response = await client.get(f"{BASE}/index.html")
    problem = await response.json()
    assert (response.status, problem["output"]) == (502, "no space")
    assert response.headers["Retry-After"] == "4"


async def test_a_missing_file_is_told_in_the_bridges_words(world: World) -> None:
    world.projects.add(world.ada, "site")
    client = await world.program(world.ada)
    response = await client.get(f"{BASE}/nothing.txt")
    assert response.status == 404
    assert (await response.json())["detail"] == "nothing.txt does not exist."


async def test_a_bridge_that_is_gone_is_a_clear_answer(world: World) -> None:
    world.projects.add(world.ada, "site")
    world.keeper.socket = world.settings.run_dir / "nobody.sock"
    client = await world.program(world.ada)
    response = await client.get(f"{BASE}/index.html")
    assert response.status == 503
    assert (await response.json())["type"] == "urn:firefly:unavailable"
