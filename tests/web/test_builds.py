"""Builds by the API: asked for, shown with their logs, followed, ended; and nothing of them for strangers."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from aiohttp.test_utils import TestClient

from firefly.builds.log.pieces import Block, Piece, pack
from firefly.builds.model import Build
from firefly.client.sse import server_events
from firefly.errors import NotFound, Unavailable
from firefly.projects import Project, Role
from firefly.web.security import RESOURCE_POLICY
from firefly.web.streams import OpenStreams
from firefly.web.turns import LOG_TURNS, MOST_AT_ONCE

from .twins import MemorySites
from .world import World

Client = TestClient[Any, Any]
PATH = "/api/v1/projects/ada/site/builds"


async def asked(client: Client, **wanted: object) -> dict[str, Any]:
    response = await client.post(PATH, json=wanted)
    assert response.status == 202
    return dict(await response.json())


async def got(client: Client, path: str, **more: Any) -> Any:
    response = await client.get(f"/api/v1{path}", **more)
    assert response.status == 200, await response.text()
    return await response.json()


async def running(world: World, made: dict[str, Any]) -> Build:
    async with world.services.database.connection() as connection:
        await connection.execute("update builds set state = 'running', started_at = now() where id = $1", made["id"])
    ada = await world.services.tokens.verify(await world.token(world.ada))
    return await world.services.builds.get(ada, UUID(made["id"]))


async def test_a_build_is_asked_for_once_for_a_commit_and_again_where_forced(owner: Client) -> None:
    first = await asked(owner)
    assert (first["project"], first["number"], first["branch"], first["by"]) == ("ada/site", 1, "main", "ada")
    assert (first["state"], first["trigger"], first["subject"], first["author"]) == ("queued", "api", "Grow", "Ada")
    assert (first["queue"]["position"], first["queue"]["ahead_of_project"], first["seconds"]) == (1, 0, None)
    assert (await asked(owner, ref="main"))["id"] == first["id"]
    assert (await asked(owner, ref="refs/heads/main", forced=True))["number"] == 2
    assert (await asked(owner, ref="other", commit="b" * 40))["commit"] == "b" * 40
    refused = await owner.post(PATH, json={"ref": "nothing"})
    assert (refused.status, (await refused.json())["field"]) == (422, "ref")


async def test_they_are_listed_by_pages_of_a_branch_and_in_a_state(owner: Client) -> None:
    made = [await asked(owner, ref=f"b{number}") for number in range(5)]
    page = await got(owner, "/projects/ada/site/builds", params={"limit": "3"})
    assert [one["number"] for one in page["builds"]] == [5, 4, 3]
    rest = await got(owner, "/projects/ada/site/builds", params={"cursor": page["cursor"]})
    assert ([one["number"] for one in rest["builds"]], rest["cursor"]) == ([2, 1], None)
    (of_branch,) = (await got(owner, "/projects/ada/site/builds", params={"ref": "b2"}))["builds"]
    assert of_branch["id"] == made[2]["id"]
    for words, numbers in (
        (" B3 ", [4]),
        ("ADA", [5, 4, 3, 2, 1]),
        (made[0]["commit"][:8].upper(), [5, 4, 3, 2, 1]),
        ("#2", [2]),
        ("%", []),
        ("b" * 8, []),
    ):
        found = (await got(owner, "/projects/ada/site/builds", params={"search": words}))["builds"]
        assert [one["number"] for one in found] == numbers, words
    cancelled = await owner.post(f"/api/v1/builds/{made[0]['id']}/cancel")
    assert (await cancelled.json())["state"] == "cancelled"
    (found,) = (await got(owner, "/projects/ada/site/builds", params={"state": "cancelled"}))["builds"]
    assert found["id"] == made[0]["id"]


async def test_a_build_is_shown_with_its_steps_and_the_sandbox_that_is_kept(world: World, owner: Client) -> None:
    build = await running(world, await asked(owner))
    async with world.services.desk.logs.writing(build) as log, log.step("build", "make") as step:
        step.exited(2)
    async with world.services.database.connection() as connection:
        await connection.execute("insert into workspaces (id) values ($1)", build.id)
        query = "insert into build_workspaces values ($1, $1, 'build', now(), $2)"
        await connection.execute(query, build.id, world.clock.now().replace(year=2100))
    shown = await got(owner, f"/builds/{build.id}")
    (told,) = shown["steps"]
    assert (told["name"], told["command"], told["state"], told["exit_code"]) == ("build", "make", "failed", 2)
    assert shown["kept_until"].startswith("2100")
    assert shown["queue"] is None


async def test_its_plan_is_what_it_was_built_by_or_what_is_found_now(world: World, owner: Client) -> None:
    made = await asked(owner)
    assert (await got(owner, f"/builds/{made['id']}/explain"))["why"] == {"folder": "It has an index.html."}
    stored = {"strategy": "commands", "family": "Go", "run": ["./app"], "why": {"run": "It says so."}}
    empty = dict.fromkeys(("runtime", "port", "folder", "dockerfile", "database", "configured_by"))
    lists = {name: list[str]() for name in ("install", "build", "test", "caches", "notes")}
    async with world.services.database.connection() as connection:
        plan = {**empty, **lists, "versions": {}, "env": {}, **stored}
        await connection.execute("update builds set plan = $2 where id = $1", made["id"], plan)
    assert (await got(owner, f"/builds/{made['id']}/explain"))["run"] == ["./app"]
    assert await got(owner, f"/builds/{made['id']}/changes") == {"since": None, "commits": [], "more": False}


async def test_a_log_is_read_searched_and_downloaded(world: World, owner: Client) -> None:
    build = await running(world, await asked(owner))
    async with world.services.desk.logs.writing(build) as log, log.step("build") as step:
        await step.write(b"\x1b[32mone\x1b[0m\ntwo\nthree\n")
    path = f"/builds/{build.id}/log"
    page = await got(owner, path, params={"limit": "2"})
    assert [(line["n"], line["step"], line["stream"], line["text"]) for line in page["lines"]] == [
        (1, 1, "out", "\x1b[32mone\x1b[0m"), (2, 1, "out", "two"),
    ]  # fmt: skip
    assert page["cursor"] == 2
    for query, lines in (({"after": "2"}, [3]), ({"search": "TH"}, [3]), ({"tail": "1"}, [3]), ({"step": "7"}, [])):
        assert [line["n"] for line in (await got(owner, path, params=query))["lines"]] == lines
    for how, first in (("text", "one"), ("ansi", "\x1b[32mone\x1b[0m")):
        response = await owner.get(f"/api/v1{path}", params={"download": how})
        assert await response.text() == f"{first}\ntwo\nthree\n"
        assert response.headers["Content-Disposition"] == 'attachment; filename="site-1.log"'
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    with ExitStack() as others:
        for _ in range(MOST_AT_ONCE):
            others.enter_context(world.server.app[LOG_TURNS].taken(world.ada.id))
        assert (await owner.get(f"/api/v1{path}", params={"search": "th"})).status == 429


async def test_a_log_is_followed_and_resumed(world: World, owner: Client) -> None:
    build = await running(world, await asked(owner))
    path, events = f"/api/v1/builds/{build.id}/log", {"Accept": "text/event-stream"}
    async with (
        asyncio.timeout(30), owner.get(path, headers=events) as response,
        world.services.desk.logs.writing(build) as log, log.step("build") as step,
    ):  # fmt: skip
        await step.write(b"one\n")
        found = [event async for event in _until(response, "lines")]
        assert json.loads(found[-1].data)[0]["text"] == "one"
        await step.write(b"two\n")
    async with world.services.database.connection() as connection:
        await connection.execute("update builds set state = 'succeeded', ended_at = now()")
    async with asyncio.timeout(30), owner.get(path, headers={**events, "Last-Event-ID": found[-1].id}) as response:
        rest = [event async for event in server_events(response)]
    assert [event.name for event in rest] == ["step", "lines", "end"]
    assert json.loads(rest[1].data)[0]["text"] == "two"


async def test_who_is_shut_out_reads_no_further(world: World, owner: Client, project: Project) -> None:
    build = await running(world, await asked(owner))
    await world.join(project, world.bob, Role.VIEWER)
    token, secret = await world.services.tokens.create(world.bob, "reader", {"read"})
    reader = world.client(Authorization=f"Bearer {secret}")
    path, events = f"/api/v1/builds/{build.id}/log", {"Accept": "text/event-stream"}
    async with (
        asyncio.timeout(30), reader.get(path, headers=events) as response,
        world.services.desk.logs.writing(build) as log, log.step("build") as step,
    ):  # fmt: skip
        await step.write(b"one\n")
        assert [event async for event in _until(response, "lines")]
        await world.services.tokens.revoke(token.id)
        with suppress(Unavailable):
            assert not [event async for event in server_events(response)]
    assert (await reader.get(path, headers=events)).status == 401


async def test_who_is_shut_out_while_the_stream_opens_reads_nothing(
    world: World, owner: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = await running(world, await asked(owner))
    await world.join(project, world.bob, Role.VIEWER)
    reader, entered = await world.program(world.bob, "read"), OpenStreams.entered

    @contextmanager
    def late(streams: OpenStreams, *who: Any, **more: Any) -> Iterator[None]:
        monkeypatch.setattr(world.services.builds, "get", _shut_out)
        with entered(streams, *who, **more):
            yield

    async def _shut_out(*_: object) -> Build:
        raise NotFound("You may not see it.")

    monkeypatch.setattr(OpenStreams, "entered", late)
    response = await reader.get(f"/api/v1/builds/{build.id}/log", headers={"Accept": "text/event-stream"})
    assert response.status == 404


async def _until(response: Any, name: str) -> Any:
    async for event in server_events(response):
        yield event
        if event.name == name:
            return


@pytest.mark.parametrize("visibility", ["members", "public"])
async def test_strangers_see_nothing_of_them_also_where_the_project_is_public(
    world: World, owner: Client, project: Project, visibility: str
) -> None:
    made = await asked(owner)
    if visibility == "public":
        await owner.put("/api/v1/projects/ada/site/access", json={"visibility": "public"})
    stranger = await world.program(world.bob, "read", "write")
    for method, path in (
        ("GET", PATH), ("POST", PATH), ("GET", f"/api/v1/builds/{made['id']}"),
        ("GET", f"/api/v1/builds/{made['id']}/log"), ("POST", f"/api/v1/builds/{made['id']}/cancel"),
        ("GET", f"/api/v1/builds/{made['id']}/explain"),
    ):  # fmt: skip
        assert (await stranger.request(method, path, json={} if method == "POST" else None)).status == 404
    await world.join(project, world.bob, Role.VIEWER)
    assert (await got(stranger, f"/builds/{made['id']}"))["number"] == 1
    assert (await stranger.post(f"/api/v1/builds/{made['id']}/kill")).status == 403
    assert (await stranger.post(PATH, json={})).status == 403


async def test_branches_come_with_their_newest_build_and_go_with_the_branch(
    world: World, owner: Client, project: Project
) -> None:
    async with world.services.database.connection() as connection:
        for ref, ended in (("refs/heads/main", None), ("refs/pull/7", None), ("refs/heads/old", "2020-01-01")):
            await connection.execute(
                "insert into build_heads (project_id, ref, commit, reason, seen_at, ended_at)"
                " values ($1, $2, $3, 'Why not', now(), $4::text::timestamptz) on conflict do nothing",
                project.id, ref, "c" * 40, ended,
            )  # fmt: skip
        await connection.execute(
            "insert into pull_requests (project_id, number, provider, title, head_commit, state, opened_at, changed_at)"
            " values ($1, 7, 'github', 'Grow', $2, 'open', now(), now())", project.id, "c" * 40,
        )  # fmt: skip
    first, _ = await asked(owner, ref="main"), await asked(owner, ref="refs/pull/7")
    branches = {one["branch"]: one for one in (await got(owner, "/projects/ada/site/branches"))["branches"]}
    assert set(branches) == {"main", "pr-7"}
    assert (branches["main"]["newest"]["id"], branches["main"]["subject"]) == (first["id"], "Grow")
    assert branches["pr-7"]["pull_request"] == {"number": 7, "title": "Grow", "url": "", "state": "open"}
    assert (await got(owner, "/projects/ada/site/builds/1"))["id"] == first["id"]
    assert (await owner.get(f"{PATH}/9999999999")).status == 404


async def test_a_site_is_shown_with_its_build_and_branch_stopped_started_and_made_a_demo(
    world: World, owner: Client, project: Project
) -> None:
    made = await asked(owner, ref="feature/x")
    async with world.services.database.connection() as connection:
        await connection.execute(
            "insert into sites (id, project_id, build_id, shows, ref, label, workspace_id, state, created_at, is_demo)"
            " values ($1, $2, $1, 'ref', 'refs/heads/feature/x', 'x--site--ada', $3, 'live', now(), true)",
            made["id"], project.id, project.workspace_id,
        )  # fmt: skip
        await connection.execute(
            "insert into site_hosts (label, project_id, ref, sub, site_id)"
            " values ('x--site--ada', $1, 'refs/heads/feature/x', '', $2)", project.id, made["id"],
        )  # fmt: skip
    url = world.settings.content_url("x--site--ada")
    site = (await got(owner, f"/builds/{made['id']}"))["site"]
    assert (site["state"], site["url"], site["urls"]) == ("live", url, [url])
    (branch,) = (await got(owner, "/projects/ada/site/branches"))["branches"]
    assert (branch["site"]["url"], branch["is_demo"]) == (url, True)
    path = "/api/v1/projects/ada/site/branches/feature/x"
    assert (await (await owner.patch(path, json={"is_demo": False})).json())["ref"] == "refs/heads/feature/x"
    for action in ("stop", "start"):
        assert (await owner.post(f"/api/v1/builds/{made['id']}/{action}")).status == 200
    id = UUID(made["id"])
    told = [("demo", "refs/heads/feature/x", False), ("stop", id), ("start", id)]
    assert cast(MemorySites, world.services.sites).asked == told


async def test_what_a_project_wants_of_its_builds_is_kept_and_a_wrong_configuration_told_with_its_line(
    world: World, owner: Client, project: Project
) -> None:
    path = "/api/v1/projects/ada/site/build-settings"
    assert (await got(owner, "/projects/ada/site/build-settings"))["policy"] == "all"
    change = {"policy": "patterns", "patterns": ["v*"], "timeout": 60, "configuration": "run: [npm start]\n"}
    kept = await (await owner.patch(path, json=change)).json()
    assert {name: kept[name] for name in change} == change
    assert (await (await owner.patch(path, json={"timeout": None, "policy": None})).json())["timeout"] is None
    assert (await got(owner, "/projects/ada/site/build-settings"))["policy"] == "patterns"
    wrong = await (await owner.patch(path, json={"configuration": "run: [a]\ncolour: red\n"})).json()
    assert (wrong["status"], wrong["line"], wrong["field"]) == (422, 2, "configuration")
    maintainer = await world.program(world.bob)
    await world.join(project, world.bob, Role.MAINTAINER)
    assert (await maintainer.patch(path, json={"held": True, "held_reason": "A pause."})).status == 200
    assert (await maintainer.patch(path, json={"configuration_forced": True})).status == 403
    assert (await owner.patch(path, json={"configuration_forced": True})).status == 200
    assert (await maintainer.patch(path, json={"configuration": None})).status == 403


async def test_a_badge_is_for_members_and_for_its_key_until_the_project_is_public(world: World, owner: Client) -> None:
    path, anybody = f"{PATH}/badge.svg", world.client()
    await asked(owner)
    own = await owner.get(path)
    assert ("building" in await own.text(), own.headers[RESOURCE_POLICY]) == (True, "same-origin")
    assert (await anybody.get(path)).status == (await anybody.get(path, params={"key": "ä"})).status == 404
    key = (await got(owner, "/projects/ada/site/build-settings"))["badge_key"]
    async with world.services.database.connection() as connection:
        await connection.execute("update builds set state = 'tests_failed'")
        response = await anybody.get(path, params={"key": key})
        assert (response.status, response.content_type) == (200, "image/svg+xml")
        assert ("tests failing" in await response.text(), response.headers[RESOURCE_POLICY]) == (True, "cross-origin")
        await connection.execute("update projects set visibility = 'public'")
    assert "no build" in await (await anybody.get(path, params={"branch": "other"})).text()


async def test_in_a_sandbox_that_is_kept_editors_run_commands(world: World, owner: Client, project: Project) -> None:
    made = await asked(owner)
    path = f"/api/v1/builds/{made['id']}"
    gone = await owner.post(f"{path}/exec", json={"command": "ls"})
    assert (gone.status, "is gone" in (await gone.json())["detail"]) == (409, True)
    async with world.services.database.connection() as connection:
        query = "insert into build_workspaces values ($1, $2, 'build', now(), $3)"
        await connection.execute(query, project.workspace_id, made["id"], world.clock.now() + timedelta(hours=1))
    done = await owner.post(f"{path}/exec", json={"command": "ls"})
    assert (done.status, (await done.json())["exit_code"]) == (200, 0)
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    assert "X-Firefly-Tunnel" in (await owner.get(f"{path}/bridge", headers=upgrade)).headers
    assert (await owner.get(f"{path}/bridge")).status == 422
    await world.join(project, world.bob, Role.VIEWER)
    viewer = await world.program(world.bob)
    assert (await viewer.post(f"{path}/exec", json={"command": "ls"})).status == 403
    assert (await viewer.get(f"{path}/bridge", headers=upgrade)).status == 403
    world.clock.advance(3601)
    assert (await owner.get(f"{path}/bridge", headers=upgrade)).status == 409


async def test_what_is_on_its_way_is_seen_by_members_and_all_of_it_by_administrators(
    world: World, owner: Client, project: Project
) -> None:
    first, second = [await asked(owner, ref=f"b{number}") for number in range(2)]
    await running(world, first)
    states = [(one["number"], one["state"]) for one in (await got(owner, "/builds"))["builds"]]
    assert states == [(1, "running"), (2, "queued")]
    async with world.services.database.connection() as connection:
        month = world.clock.now().date().replace(day=1)
        await connection.execute("insert into build_minutes values ($1, $2, 90)", world.ada.id, month)
        await connection.execute("update builds set holder = 'replica' where id = $1", first["id"])
    administrator = await world.program(world.ada, "admin")
    found = await got(administrator, "/admin/builds")
    assert (found["running"], found["queued"], found["waiting"], len(found["builds"])) == (1, 1, 0, 2)
    assert (found["builders"], found["minutes"]) == (
        [{"name": "replica", "builds": 1}], [{"owner": "ada", "minutes": 1.5}],
    )  # fmt: skip
    stranger = await world.program(world.bob, "read")
    assert (await got(stranger, "/builds"))["builds"] == []
    assert (await stranger.get("/api/v1/admin/builds")).status == 403
    await owner.post(f"/api/v1/builds/{second['id']}/cancel")
    assert [one["number"] for one in (await got(owner, "/builds"))["builds"]] == [1]


async def test_what_its_site_prints_is_shown_beside_it(world: World, owner: Client) -> None:
    made = await asked(owner)
    build = await running(world, made)
    printed = Piece(1, 2, 8, pack([Block.of(1_700_000_000_000, 1, "out", b"one\ntwo")]))
    await world.services.site_log._add(build.id, printed)
    page = await got(owner, f"/builds/{build.id}/site-log", params={"after": "1"})
    assert ([line["text"] for line in page["lines"]], page["cursor"]) == (["two"], None)
    path, events = f"/api/v1/builds/{build.id}/site-log", {"Accept": "text/event-stream", "Last-Event-ID": "1"}
    async with asyncio.timeout(30), owner.get(path, headers=events) as response:
        (event,) = [event async for event in _until(response, "lines")]
    assert json.loads(event.data) == [{"n": 2, "at": 1_700_000_000_000, "step": 0, "stream": "out", "text": "two"}]
