"""`firefly project hooks deliveries | redeliver`: what a provider's hook has sent, by commands."""

import json

from firefly.builds.hooks.deliveries import DeliveryState
from tests.web.world import World

from .conftest import Run


async def test_deliveries_are_listed_read_and_handled_once_more(logged_in: Run, world: World) -> None:
    project = await world.shared(world.ada, "site")
    sent = ((DeliveryState.HANDLED, "push: main", ""), (DeliveryState.FAILED, "", "The payload is not one of push."))
    for number, (state, summary, reason) in enumerate(sent):
        await world.received.add(
            project.id, "github", delivery=f"d{number}", event="push", summary=summary, body=b'{"number": %d}' % number,
            state=state, reason=reason,
        )  # fmt: skip
        world.clock.advance(1)
    hooks = ("project", "hooks")
    listed = json.loads((await logged_in(*hooks, "deliveries", "site", "--json")).out)
    assert [(one["delivery"], one["state"]) for one in listed] == [("d1", "failed"), ("d0", "handled")]
    table = (await logged_in(*hooks, "deliveries", "ada/site", "--failed")).out.splitlines()
    assert (len(table), "The payload is not one of push." in table[1]) == (2, True)
    body = await logged_in(*hooks, "deliveries", "site", "--body", listed[1]["id"])
    assert json.loads(body.out) == {"number": 0}
    again = await logged_in(*hooks, "redeliver", "site", listed[1]["id"], listed[0]["id"])
    assert again.out.splitlines() == [
        f"{listed[1]['id']}  push: main  received.", f"{listed[0]['id']}  push  received.",
    ]  # fmt: skip
    twice = await logged_in(*hooks, "redeliver", "site", listed[1]["id"])
    assert (twice.code, "waits to be handled" in twice.err) == (1, True)
