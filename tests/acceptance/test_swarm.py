"""Projects pushed to a whole Firefly whose sandboxes are in a Swarm: built on any node, shown, killed, lost."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.test_docker import use_a_terminal
from tests.acceptance.test_images import newest, over
from tests.acceptance.test_sites import Shop, manifest, opened
from tests.support.server import BUILDING, LiveServer
from tests.support.swarm import Node, Swarm, needs_swarm
from tests.support.waiting import eventually

pytestmark = [pytest.mark.timeout(400), *needs_swarm, pytest.mark.swarm]

DOCKERFILE = 'FROM {base}\nCOPY server.py /srv/\nENV GREETING=image HOST=127.0.0.1\nCMD ["python3", "/srv/server.py"]\n'
PAGES = {"index.html": "<html><p>pages of a Swarm"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, swarm: Swarm) -> Iterator[LiveServer]:
    # BuildKit fetches nothing from a registry without TLS, but begins from what the engine has.
    swarm.manager.docker("pull", "-q", swarm.image)
    # The engines of a test have no bridge of their own, which what a Dockerfile runs would be on.
    settings = {**BUILDING, **swarm.settings, "FIREFLY_BUILD_NETWORK": "none"}
    with LiveServer(tmp_path_factory.mktemp("server"), settings=settings) as running:
        yield running


@pytest.fixture
async def shop(server: LiveServer, tmp_path: Path) -> AsyncIterator[Shop]:
    async with opened(server, tmp_path) as made:
        yield made


async def under_way(shop: Shop, command: str) -> dict[str, Any]:
    """The newest build, once it runs a command and has run it for a moment."""

    async def runs() -> Any:
        build = await newest(shop.client, shop)
        async with shop.client.get(f"/api/v1/builds/{build['id']}") as response:
            found: dict[str, Any] = await response.json()
        steps = [step for step in found["steps"] if step["state"] == "running" and step["command"] == command]
        return found if steps else None

    found: dict[str, Any] = await eventually(runs, within=60)
    return found


def services(swarm: Swarm) -> set[str]:
    return set(swarm.manager.docker("service", "ls", "-q").split())


async def test_commands_pages_and_a_dockerfile_from_a_push_to_a_page(shop: Shop, swarm: Swarm, worker: Node) -> None:
    """Also when what shows them has been stopped: its files, which ended with it, are those of the artifact again."""
    await shop.push("pages", PAGES)
    await shop.shows("pages", "pages of a Swarm")
    await shop.push("commands", {**manifest("commands"), "firefly.yml": COMMANDS})
    await shop.shows("commands", "built at commands--")
    await shop.act(2, "stop")
    await shop.act(2, "start")
    await shop.shows("commands", "built at commands--")
    await shop.push("image", {"Dockerfile": DOCKERFILE.format(base=swarm.image), "firefly.yml": "health: {path: /}\n"})
    build = await over(shop, 3)
    assert build["state"] == "succeeded", build["failure"]
    await shop.shows("image", "image at image--")
    await shop.push("named", {"firefly.yml": f"image: {swarm.image}\n{COMMANDS}"})
    await shop.shows("named", "built at named--")


COMMANDS = """build: ['cp server.py made.py']
test: ['grep -q HTTPServer made.py']
run: python3 made.py
env: {GREETING: built}
"""


async def test_one_that_is_killed_leaves_nothing_and_one_that_fails_can_be_looked_into(
    shop: Shop, swarm: Swarm, worker: Node
) -> None:
    before = services(swarm)
    await shop.push("killed", {"firefly.yml": "build: ['sleep 600']\nrun: 'true'\n"})
    build = await under_way(shop, "sleep 600")
    assert services(swarm) != before
    async with shop.client.post(f"/api/v1/builds/{build['id']}/kill") as response:
        assert response.status < 300, await response.text()
    assert (await over(shop, 1))["state"] == "killed"
    await eventually(lambda: services(swarm) == before, within=30)

    for number in (2, 3):
        await shop.push("failed", {"firefly.yml": f"build: ['echo kept {number} > note', 'exit 3']\nrun: 'true'\n"})
        build = await over(shop, number)
        assert (build["state"], build["failure"]["exit_code"]) == ("failed", 3)
        async with shop.client.post(f"/api/v1/builds/{build['id']}/exec", json={"command": "cat note"}) as response:
            assert (await response.json())["stdout"] == f"kept {number}\n"
        await use_a_terminal(shop.client, f"/api/v1/builds/{build['id']}/bridge")
    # What has to run on to be kept is kept of a project's newest alone.
    assert len(services(swarm) - before) == 1


async def test_a_build_whose_node_dies_is_taken_up_on_another(shop: Shop, swarm: Swarm, worker: Node) -> None:
    with swarm.drained():
        await shop.push("lost", {**manifest("again"), "firefly.yml": LONG})
        build = await under_way(shop, "sleep 15")
        assert worker.docker("ps", "-q") != ""
    worker.die()
    try:

        async def is_over() -> Any:
            found = await newest(shop.client, shop)
            return found if found["ended_at"] else None

        ended: dict[str, Any] = await eventually(is_over, within=180)
        assert (ended["id"], ended["state"]) == (build["id"], "succeeded"), ended
        async with shop.client.get(f"/api/v1/builds/{build['id']}/log?download=text") as response:
            log = await response.text()
        assert f"Its node, {worker.name}, does not answer any more." in log
        await shop.shows("lost", "again at lost--")
    finally:
        await asyncio.to_thread(worker.revive)


LONG = "build: ['touch made', 'sleep 15', 'test -e made']\nrun: python3 server.py\nenv: {GREETING: again}\n"
