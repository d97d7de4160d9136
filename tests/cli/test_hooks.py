"""`firefly project hooks`: what a project calls, by commands."""

import json

from tests.web.world import World

from .conftest import Run


async def test_hooks_are_added_listed_called_again_switched_and_removed(logged_in: Run, world: World) -> None:
    await world.shared(world.ada, "site")
    hooks = ("project", "hooks")
    added = await logged_in(*hooks, "add", "site", "http://127.0.0.1:9/x", "--flavour", "slack", "--event", "failed")
    assert (added.code, added.out.split()[1:3]) == (0, ["calls", "127.0.0.1."])
    listed = (await logged_in(*hooks, "list", "ada/site")).out.splitlines()[1].split()
    assert listed[1:] == ["127.0.0.1", "slack", "failed", "on"]
    pinged = json.loads((await logged_in(*hooks, "ping", "site", "127.0.0.1", "--json")).out)
    again = await logged_in(*hooks, "again", "site", listed[0], pinged["id"])
    assert (again.code, again.out.split()[1:]) == (0, ["ping", "waiting."])
    calls = (await logged_in(*hooks, "calls", "site", listed[0])).out.splitlines()[1:]
    assert [line.split()[3] for line in calls] == ["ping", "ping", "ping"]
    assert (await logged_in(*hooks, "switch", "site", "127.0.0.1", "--off")).out == "127.0.0.1 is called no longer.\n"
    assert (await logged_in(*hooks, "remove", "site", "127.0.0.1")).code == 0
    gone = await logged_in(*hooks, "ping", "site", "127.0.0.1")
    told = "There is no hook 127.0.0.1. `firefly project hooks list` shows them.\n"
    assert (gone.code, gone.err) == (1, told)
