"""How many sites of one owner run at one time, in real sandboxes, and for whose database each asks."""

import asyncio

from firefly.builds.model import Site
from firefly.builds.sites import SiteQuota
from tests.builds.sites.stage import Stage

SERVER = {"firefly.yml": "run: exec python3 -m http.server $PORT\n"}


async def running(stage: Stage, sites: dict[str, Site]) -> set[str]:
    return {name for name, site in sites.items() if await stage.runs(site)}


async def test_what_has_run_longest_makes_room_and_a_demo_does_not(stage: Stage) -> None:
    quota = SiteQuota(stage.records, stage.keeper, stage.draining, most=2)
    stage.doorman._quota = quota
    sites: dict[str, Site] = {}
    for name in ("demo", "one", "two"):
        sites[name] = await stage.show(SERVER | {"name.txt": name}, ref=f"refs/heads/{name}")
        if name == "demo":
            await stage.yard.execute("update sites set is_demo = true")
    # Two and a demo: none too many.
    assert await running(stage, sites) == {"demo", "one", "two"}
    sites["three"] = await stage.show(SERVER | {"name.txt": "three"}, ref="refs/heads/three")
    assert await running(stage, sites) == {"demo", "two", "three"}
    assert sites["one"].workspace_id is not None
    status = await stage.keeper.status(sites["one"].workspace_id)
    assert status.reason == (
        "2 sites of ada may run at one time, and build 4 of garden started: this one had run longest. It starts again "
        "when somebody asks for it."
    )

    # Two that are woken at once: not one more than there is room for, and not one fewer.
    await stage.keeper.stop(sites["two"].workspace_id, "It sleeps.")  # type: ignore[arg-type]
    await asyncio.gather(*(stage.keeper.ensure(sites[name].workspace_id) for name in ("one", "two")))  # type: ignore[arg-type]
    assert await running(stage, sites) == {"demo", "one", "two"}


async def test_what_another_server_keeps_is_stopped_by_that_one(stage: Stage) -> None:
    stage.doorman._quota = SiteQuota(stage.records, stage.keeper, stage.draining, most=1)
    one = await stage.show(SERVER, ref="refs/heads/one")
    there = "update sandboxes set node = $2 where workspace_id = $1"
    await stage.yard.execute(
        "insert into keeper_leases (node, place, term, expires_at) values ('there', $1, 1, now() + interval '1 hour')",
        one.id,
    )  # fmt: skip
    await stage.yard.execute(there, one.workspace_id, "there")
    two = await stage.show(SERVER | {"name.txt": "two"}, ref="refs/heads/two")
    assert await stage.runs(one)
    # What it was told is done by whoever keeps it.
    await stage.yard.execute(there, one.workspace_id, stage.keeper.node)
    assert not await stage.draining.look()
    assert (await stage.runs(one), await stage.runs(two)) == (False, True)
    assert one.workspace_id is not None
    status = await stage.keeper.status(one.workspace_id)
    assert status.reason.startswith("1 sites of ada may run at one time, and build 2 of garden started")
