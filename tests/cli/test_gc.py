"""`firefly admin gc`: what would go, what goes, and who may ask."""

import json

from tests.builds.holding import some_hold
from tests.web.world import World

from .conftest import Run


async def test_what_would_go_is_said_and_then_it_goes(logged_in: Run, world: World) -> None:
    build = (await some_hold(world.services.database)).build_id
    async with world.services.database.connection() as connection:
        await connection.execute(
            "insert into build_log (build_id, first_line, lines, size, data) values ($1, 1, 1, 0, 'text')", build
        )
        await connection.execute("update builds set ended_at = now() - interval '1 year' where id = $1", build)
    would = await logged_in("admin", "gc", "--dry-run", "--json")
    assert (would.code, json.loads(would.out)) == (0, [{"part": "logs", "count": 1, "bytes": 4}])
    done = await logged_in("admin", "gc")
    assert (done.code, done.out.split()) == (0, ["PART", "REMOVED", "BYTES", "logs", "1", "4"])
    assert "Looking at logs." in done.err
    ada = await world.program(world.ada, "read", "admin")
    assert (await ada.post("/api/v1/admin/clearings/dust", json={})).status == 404
    (shown,) = (await (await ada.get("/api/v1/admin/clearings")).json())["items"]
    assert (shown["part"], shown["removed"], shown["bytes"], shown["failure"]) == ("logs", 1, 4, "")
    bob = await world.program(world.bob, "read", "admin")
    assert (await bob.post("/api/v1/admin/clearings/logs", json={})).status == 403
    assert (await bob.get("/api/v1/admin/clearings")).status == 403
