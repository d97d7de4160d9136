"""The sandbox by the API: state, commands, output, the bridge's tunnel."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from aiohttp import web

from firefly.errors import TooManySandboxes
from firefly.projects import Project, Role, Visibility
from firefly.routes import BridgeTarget
from firefly.sandbox.backend import Instance

from .bridge import MemoryBridge
from .world import World

BASE = "/api/v1/projects/ada/site"
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}


async def test_it_is_started_stopped_and_restarted_with_a_reason(world: World) -> None:
    project = world.projects.add(world.ada, "site")
    client = await world.program(world.ada)
    assert (await (await client.get(f"{BASE}/sandbox")).json())["state"] == "stopped"
    started = await (await client.post(f"{BASE}/sandbox/start")).json()
    assert started["state"] == "running"
    assert set(started["limits"]) == {"memory", "cpu", "pids", "disk"}
    shown = await (await client.get(BASE)).json()
    assert (shown["sandbox"], shown["sandbox_reason"], shown["stops_at"]) == ("running", started["reason"], None)
    await client.post(f"{BASE}/sandbox/restart")
    assert (await (await client.post(f"{BASE}/sandbox/stop")).json())["state"] == "stopped"
    assert world.keeper.reasons == ["Restarted by ada.", "Stopped by ada."]
    assert project.workspace_id not in world.keeper.runs


async def test_what_a_project_asks_for_is_written_as_people_write_it(world: World) -> None:
    project = world.projects.add(world.ada, "site")
    client = await world.program(world.ada)
    response = await client.put(
        f"{BASE}/sandbox/settings", json={"freeze": "10m", "stop": 7200, "memory": "512m", "disk": "8g"}
    )
    assert (await response.json())["settings"] == {
        "freeze": 600, "stop": 7200, "memory": 512 << 20, "cpu": None, "pids": None, "disk": 8 << 30
    }  # fmt: skip
    assert project.workspace_id in world.keeper.wishes
    for body, field in (({"stop": "soon"}, "stop"), ({"memory": True}, "memory"), ({"size": "1g"}, "size")):
        refused = await client.put(f"{BASE}/sandbox/settings", json=body)
        assert (refused.status, (await refused.json())["field"]) == (422, field)


async def test_it_is_kept_awake_for_a_reason_that_all_see_until_it_is_let_sleep(world: World) -> None:
    world.projects.add(world.ada, "site")
    client = await world.program(world.ada)
    response = await client.post(f"{BASE}/sandbox/keep-awake", json={"for": "2h", "reason": " a demonstration "})
    (kept,) = (await response.json())["keep_awake"]
    assert (response.status, kept["by"], kept["reason"]) == (201, "ada", "a demonstration")
    assert (await (await client.get(f"{BASE}/sandbox")).json())["keep_awake"] == [kept]
    left = await client.delete(f"{BASE}/sandbox/keep-awake/{kept['id']}")
    assert (await left.json())["keep_awake"] == []
    assert (await client.post(f"{BASE}/sandbox/keep-awake", json={"reason": "no end"})).status == 422


async def test_too_many_sandboxes_is_a_refusal_that_names_what_whoever_asks_may_see(world: World) -> None:
    """The owner's idle ones for the owner; of a member of one project no other is told."""
    site, other = world.projects.add(world.ada, "site"), world.projects.add(world.ada, "other")
    world.projects.members[site.id][world.bob.id] = Role.EDITOR
    world.keeper.failure = TooManySandboxes("Two run.", limit=2, workspaces=f"{other.workspace_id} {site.workspace_id}")
    refused = await (await world.program(world.ada)).post(f"{BASE}/sandbox/start")
    problem = await refused.json()
    assert (refused.status, problem["type"]) == (403, "urn:firefly:too-many-sandboxes")
    assert problem["detail"] == "Two run. Idle longest: ada/other, ada/site."
    assert (problem["stoppable"], "workspaces" in problem) == (["ada/other", "ada/site"], False)
    world.keeper.failure = TooManySandboxes("Two run.", limit=2, workspaces=f"{other.workspace_id} {site.workspace_id}")
    refused = await (await world.program(world.bob)).post(f"{BASE}/sandbox/start")
    assert (await refused.json())["stoppable"] == ["ada/site"]


async def test_open_ports_have_a_host_and_visitors_are_not_told_what_goes_on(world: World) -> None:
    world.projects.add(world.ada, "site", visibility=Visibility.PUBLIC)
    client = await world.program(world.ada)
    await client.post(f"{BASE}/sandbox/keep-awake", json={"for": "2h", "reason": "ours"})
    world.keeper.ports = (3000, 8080)
    told = await (await client.get(f"{BASE}/sandbox")).json()
    hosts = [one["url"].partition("//")[2].partition(".")[0] for one in told["ports"]]
    assert hosts == ["3000--site--ada", "8080--site--ada"]
    told = await (await (await world.program(world.bob)).get(f"{BASE}/sandbox")).json()
    assert (told["state"], told["ports"], told["keep_awake"]) == ("running", [], [])


async def test_viewers_look_and_do_not_steer(world: World) -> None:
    project = world.projects.add(world.ada, "site")
    world.projects.members[project.id][world.bob.id] = Role.VIEWER
    client = await world.program(world.bob)
    assert (await client.get(f"{BASE}/sandbox")).status == 200
    for action in ("start", "stop", "restart"):
        assert (await client.post(f"{BASE}/sandbox/{action}")).status == 403
    assert (await client.post(f"{BASE}/exec", json={"command": "id"})).status == 403


async def test_a_command_runs_and_its_result_is_told(world: World) -> None:
    world.projects.add(world.ada, "site")
    client = await world.program(world.ada)
    response = await client.post(f"{BASE}/exec", json={"command": "echo hi", "timeout": 5, "env": {"A": "b"}})
    assert await response.json() == {"exit_code": 0, "stdout": "echo hi", "stderr": ""}


async def test_a_commands_output_streams(world: World) -> None:
    world.projects.add(world.ada, "site")
    client = await world.program(world.ada)
    response = await client.post(
        f"{BASE}/exec", json={"command": ["echo", "hi"]}, headers={"Accept": "text/event-stream"}
    )
    assert response.content_type == "text/event-stream"
    assert 'data: {"text": "hi"}' in await response.text()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "command"),
        ({"command": ""}, "command"),
        ({"command": []}, "command"),
        ({"command": "x", "timeout": 0}, "timeout"),
        ({"command": "x", "timeout": 10**9}, "timeout"),
        ({"command": "x", "env": {"A": 1}}, "env.A"),
    ],
)
async def test_a_command_that_breaks_a_rule_is_refused(
    world: World, bridge: MemoryBridge, body: dict[str, object], field: str
) -> None:
    world.projects.add(world.ada, "site")
    client = await world.program(world.ada)
    response = await client.post(f"{BASE}/exec", json=body)
    assert response.status == 422
    assert (await response.json())["field"].startswith(field)
    assert bridge.requests == []


async def test_logs_resume_from_the_last_line_seen(world: World) -> None:
    world.projects.add(world.ada, "site")
    client = await world.program(world.ada)
    response = await client.get(f"{BASE}/logs", headers={"Last-Event-ID": "7"})
    text = await response.text()
    assert 'data: {"after": "7"}' in text
    assert "id: 8" in text


async def test_the_bridge_is_handed_over_to_the_front_door(world: World) -> None:
    project = world.projects.add(world.ada, "site")
    client = await world.program(world.ada)
    response = await client.get(f"{BASE}/bridge", headers=UPGRADE)
    assert response.status == 200
    assert response.headers["X-Firefly-Tunnel-Target"] == "/bridge"
    member = json.loads(response.headers["X-Firefly-Tunnel-Header-X-Firefly-Member"])
    assert (member["name"], member["role"]) == ("ada", "owner")
    assert project.workspace_id is not None
    handle = response.headers["X-Firefly-Tunnel"]
    assert world.tunnels.take(handle) == BridgeTarget(project.workspace_id)
    assert world.tunnels.take(handle) is None


@pytest.mark.parametrize("status", [200, 500])
async def test_a_sandbox_that_never_stops_answering_is_not_heard_out(
    world: World, bridge: MemoryBridge, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr("firefly.client.bridge_transport.LARGEST_ANSWER", 1000)
    bridge.answer = web.Response(body=b"{" + b" " * 300_000, status=status, content_type="application/json")
    world.projects.add(world.ada, "site")
    response = await (await world.program(world.ada)).post(f"{BASE}/exec", json={"command": "id"})
    assert response.status == 503
    assert "more than it should" in await response.text()


@pytest.mark.parametrize("wait", ["NaN", "Infinity", "-1", "1e300", '"soon"'])
async def test_a_sandbox_that_tells_nonsense_is_refused_in_form(world: World, bridge: MemoryBridge, wait: str) -> None:
    problem = f'{{"type": "urn:firefly:unavailable", "detail": "Later.", "retry_after": {wait}}}'
    bridge.answer = web.Response(text=problem, status=503, content_type="application/problem+json")
    world.projects.add(world.ada, "site")
    response = await (await world.program(world.ada)).post(f"{BASE}/exec", json={"command": "id"})
    assert response.status == 503
    assert "Retry-After" not in response.headers


async def test_a_token_that_may_only_read_is_a_viewer_to_the_bridge(world: World) -> None:
    """An owner's, too: over the tunnel a role above that could write files and use terminals."""
    world.projects.add(world.ada, "site")
    for scopes, role in ((("read",), "viewer"), (("write",), "owner"), (("read", "git"), "viewer")):
        client = await world.program(world.ada, *scopes)
        response = await client.get(f"{BASE}/bridge", headers=UPGRADE)
        assert json.loads(response.headers["X-Firefly-Tunnel-Header-X-Firefly-Member"])["role"] == role


async def test_an_expired_session_opens_the_bridge_without_losing_its_refresh_token(world: World) -> None:
    world.projects.add(world.ada, "site")
    browser = await world.browser(world.ada)
    world.clock.advance(400)
    assert (await browser.get(f"{BASE}/bridge", headers=UPGRADE)).status == 200
    world.clock.advance(400)
    assert (await browser.get("/api/v1/me")).status == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "http://site--ada.preview.localhost", "null"])
async def test_the_bridge_refuses_pages_of_other_origins(world: World, origin: str) -> None:
    world.projects.add(world.ada, "site")
    for client in (await world.browser(world.ada), await world.program(world.ada)):
        response = await client.get(f"{BASE}/bridge", headers={**UPGRADE, "Origin": origin})
        assert response.status in {401, 403}
        assert "X-Firefly-Tunnel" not in response.headers


async def test_the_bridge_needs_an_upgrade_and_a_member(world: World) -> None:
    world.projects.add(world.ada, "site")
    plain = await (await world.program(world.ada)).get(f"{BASE}/bridge")
    assert plain.status == 422
    stranger = await (await world.program(world.bob)).get(f"{BASE}/bridge", headers=UPGRADE)
    assert stranger.status == 404
    nobody = await world.client().get(f"{BASE}/bridge", headers=UPGRADE)
    assert nobody.status == 401


async def test_access_that_ends_while_the_sandbox_starts_opens_no_bridge(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = world.projects.add(world.ada, "site")
    world.projects.members[project.id][world.bob.id] = Role.EDITOR
    ensure = world.keeper.ensure

    async def removed_meanwhile(workspace_id: UUID) -> Instance:
        del world.projects.members[project.id][world.bob.id]
        return await ensure(workspace_id)

    monkeypatch.setattr(world.keeper, "ensure", removed_meanwhile)
    response = await (await world.browser(world.bob)).get(f"{BASE}/bridge", headers=UPGRADE)
    assert response.status == 404
    assert "X-Firefly-Tunnel" not in response.headers


async def test_a_session_that_ends_while_the_sandbox_starts_opens_no_bridge(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.projects.add(world.ada, "site")

    async def signed_out_meanwhile(workspace_id: UUID) -> Instance:
        await world.services.sessions.close_all(world.ada.id)
        await asyncio.Event().wait()
        raise AssertionError("it ends by being cancelled")

    monkeypatch.setattr(world.keeper, "ensure", signed_out_meanwhile)
    client = await world.browser(world.ada)
    with pytest.raises(aiohttp.ClientError):
        await asyncio.wait_for(client.get(f"{BASE}/bridge", headers=UPGRADE), 30)
    assert world.tunnels._waiting == {}


@pytest.mark.parametrize(("method", "path"), [
    ("POST", "exec"), ("GET", "logs"), ("PUT", "files/a.txt"), ("DELETE", "files/b.txt"), ("GET", "files/c.txt"),
])  # fmt: skip
async def test_access_that_ends_while_the_sandbox_starts_asks_nothing_of_it(
    world: World, bridge: MemoryBridge, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    project = world.projects.add(world.ada, "site")
    world.projects.members[project.id][world.bob.id] = Role.EDITOR

    async def removed_meanwhile(workspace_id: UUID) -> Instance:
        await world.services.revocations.record("removed", account_id=world.bob.id, project_id=project.id)
        await asyncio.Event().wait()
        raise AssertionError("it ends by being cancelled")

    monkeypatch.setattr(world.keeper, "ensure", removed_meanwhile)
    client = await world.program(world.bob)
    body = {"command": "id"} if method == "POST" else None
    async with asyncio.timeout(30):
        with pytest.raises(aiohttp.ClientError):
            await client.request(method, f"{BASE}/{path}", json=body)
    assert bridge.requests == []


async def test_a_command_is_not_run_for_who_was_removed_while_it_came(world: World, bridge: MemoryBridge) -> None:
    project = world.projects.add(world.ada, "site")
    world.projects.members[project.id][world.bob.id] = Role.EDITOR
    asked, removed = asyncio.Event(), asyncio.Event()
    known = world.projects.get

    async def get(*who: Any) -> Project:
        found = await known(*who)
        asked.set()
        return found

    async def body() -> AsyncIterator[bytes]:
        yield b'{"command": '
        await removed.wait()
        yield b'"id"}'

    client = await world.program(world.bob)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.projects, "get", get)
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            asking = group.create_task(client.post(f"{BASE}/exec", data=body()))
            await asked.wait()
            del world.projects.members[project.id][world.bob.id]
            removed.set()
    assert asking.result().status == 404
    assert bridge.requests == []
