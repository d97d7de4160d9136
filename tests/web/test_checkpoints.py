"""Checkpoints by HTTP: compared with before and with now, and shown to members only."""

from contextlib import ExitStack

from firefly.web.turns import GIT_TURNS, MOST_AT_ONCE

from .world import World

BASE = "/api/v1/projects/ada/site/checkpoints"
ID = "1" * 40


async def test_now_is_what_the_running_sandbox_has_just_kept(world: World) -> None:
    await world.shared(world.ada, "site")
    client = await world.program(world.ada)
    before = await (await client.get(f"{BASE}/{ID}/changes?limit=1")).json()
    assert (before["base"], before["target"], before["files"], before["next"]) == ("0" * 40, ID, 2, "1")
    rest = await (await client.get(f"{BASE}/{ID}/changes?limit=1&cursor=1")).json()
    assert (rest["items"][0]["path"], rest["items"][0]["added"], rest["next"]) == ("logo.png", None, None)
    assert (await (await client.get(f"{BASE}/{ID}/changes?against=now")).json())["base"] == ID
    assert (await client.get(f"{BASE}/{ID}/changes?against=then")).status == 422
    assert (await client.get(f"{BASE}/{ID}/changes?cursor=-1")).status == 422


async def test_what_is_not_kept_is_named_with_its_remedy(world: World) -> None:
    await world.shared(world.ada, "site")
    client = await world.program(world.ada)
    told = await (await client.get(f"{BASE}/status")).json()
    assert told["kept"] is True
    assert told["refused"] == [
        {"path": "film.mp4", "size": 200 << 20, "reason": "It is too large.", "remedy": "Keep it elsewhere."}
    ]


async def test_one_member_has_so_many_comparisons_at_a_time(world: World) -> None:
    await world.shared(world.ada, "site")
    client = await world.program(world.ada)
    with ExitStack() as held:
        for _ in range(MOST_AT_ONCE):
            held.enter_context(world.server.app[GIT_TURNS].taken(world.ada.id))
        for path in ("changes", "diff", "files/index.html"):
            assert (await client.get(f"{BASE}/{ID}/{path}")).status == 429
    assert (await client.get(f"{BASE}/{ID}/changes")).status == 200


async def test_a_visitor_of_a_public_project_reads_none(world: World) -> None:
    project = world.project(world.ada, "site", public=True)
    visitor = await world.program(world.bob)
    assert (await visitor.get(f"/api/v1/projects/{project.path}")).status == 200
    for path in ("", "/status", f"/{ID}/changes", f"/{ID}/diff", f"/{ID}/files/index.html"):
        assert (await visitor.get(BASE + path)).status == 404, path
