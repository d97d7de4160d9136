"""What administrators see of the front door, and nobody else does."""

from uuid import uuid4

from firefly.routes import Access, AppTarget, Health, Route, SandboxTarget, Spread

from .world import World

CALLS = ("/api/v1/admin/front-door", "/api/v1/admin/routes")


async def test_only_administrators_see_it(world: World) -> None:
    for path in CALLS:
        assert (await world.client().get(path)).status == 401
        assert (await (await world.program(world.bob)).get(path)).status == 403
        assert (await (await world.program(world.ada, "read")).get(path)).status == 403


async def test_the_numbers_of_the_last_minute(world: World) -> None:
    answer = await (await (await world.program(world.ada)).get(CALLS[0])).json()
    assert (answer["requests_per_second"], answer["errors_per_second"]) == (100.0, 1.0)
    assert 0.0005 < answer["p50"] < 0.0011
    assert 0.5 < answer["p99"] < 1.1
    assert (answer["connections"], answer["tunnels"], answer["held"], answer["longest_lag"]) == (7, 3, 1, 0.25)
    assert answer["hosts"][0]["name"] == "shop--ann.preview.localhost"
    assert answer["failures"][0]["at"].startswith("2026-11-20T00:00:00")


async def test_routes_are_found_by_a_part_of_their_host_and_told_page_by_page(world: World) -> None:
    workspace, project = uuid4(), uuid4()
    world.table.put(*(Route(f"n{number}.example", SandboxTarget(workspace), project) for number in range(5)))
    world.table.put(
        Route("old.example", SandboxTarget(workspace), project, redirect_to="n1.example"),
        Route("several.example", Spread((SandboxTarget(workspace, 1),), Health()), project, Access.PUBLIC),
        Route("app.example", AppTarget(), None),
    )
    client = await world.program(world.ada)
    found, cursor = [], ""
    while True:
        query = {"search": "N", "limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = await (await client.get(CALLS[1], params=query)).json()
        found += [item["host"] for item in page["items"]]
        assert len(page["items"]) <= 2
        if (cursor := page["next"]) is None:
            break
    assert found == [f"n{number}.example" for number in range(5)]
    answer = await (await client.get(CALLS[1], params={"search": "example"})).json()
    items = {item["host"]: item for item in answer["items"]}
    assert (items["n1.example"]["kind"], items["n1.example"]["state"]) == ("preview", "asleep")
    assert items["old.example"]["redirect_to"] == "n1.example"
    assert (items["several.example"]["kind"], items["several.example"]["access"]) == ("several", "public")
    assert (items["app.example"]["kind"], items["app.example"]["state"]) == ("app", None)
