"""Projects with a Dockerfile, or an image as their base, from a push to a page, in a whole Firefly with an engine."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from firefly.sandbox.docker.building import base_name
from firefly.sandbox.docker.companions import COMPANION
from firefly.sandbox.docker.debian import own_suite
from tests.acceptance.test_sites import SERVER, Shop, opened
from tests.support.engine import Engine, needs_engine
from tests.support.server import BUILDING, LiveServer
from tests.support.shown import Shown
from tests.support.waiting import eventually

pytestmark = needs_engine

BASE = base_name(own_suite())
DOCKERFILE = f"""FROM {BASE} AS tools
ARG WORD
RUN --mount=type=secret,id=TOKEN echo "$WORD $(wc -c < /run/secrets/TOKEN)" > /word
FROM {BASE} AS app
WORKDIR /srv
COPY --from=tools /word ./
COPY server.py ./
ENV GREETING=hello HOST=127.0.0.1
EXPOSE 5000
CMD ["python3", "server.py"]
FROM app AS never
RUN exit 1
"""
MANIFEST = "dockerfile: {target: app, args: {WORD: built}}\nhealth: {path: /, timeout: 20s}\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, engine: Engine, project_image: str) -> Iterator[LiveServer]:
    docker = {"FIREFLY_SANDBOX": "docker", "FIREFLY_DOCKER_HOST": engine.url, "FIREFLY_DOCKER_IMAGE": project_image}
    with LiveServer(tmp_path_factory.mktemp("server"), settings=BUILDING | docker) as running:
        yield running


@pytest.fixture
async def shop(server: LiveServer, tmp_path: Path) -> AsyncIterator[Shop]:
    async with opened(server, tmp_path) as made:
        yield made


async def newest(client: aiohttp.ClientSession, shop: Shop) -> dict[str, Any]:
    async with client.get(f"/api/v1/projects/{shop.owner}/{shop.name}/builds") as response:
        found: dict[str, Any] = (await response.json())["builds"][0]
    return found


async def over(shop: Shop, number: int) -> dict[str, Any]:
    async def is_over() -> Any:
        build = await newest(shop.client, shop)
        return build if build["number"] == number and build["ended_at"] else None

    found: dict[str, Any] = await eventually(is_over, within=60)
    return found


async def test_a_dockerfile_from_a_push_to_a_page(shop: Shop, shown: Shown) -> None:
    """Its stage with an argument and a secret; replaced, asleep, woken; and one that fails is explained."""
    base = f"/api/v1/projects/{shop.owner}/{shop.name}"
    async with shop.client.put(f"{base}/secrets/TOKEN", json={"value": "hidden"}) as response:
        assert response.status < 300, await response.text()
    await shop.push("feature", {"Dockerfile": DOCKERFILE, "firefly.yml": MANIFEST, "server.py": SERVER})
    build = await over(shop, 1)
    assert build["state"] == "succeeded", build
    await shop.shows("feature", "hello at feature--")
    (one,) = [found for found in await shown.containers() if COMPANION in found["Labels"]]

    # What fails does not take its place, and is explained.
    await shop.push("feature", {"Dockerfile": DOCKERFILE.replace("COPY server.py", "COPY absent.py")})
    build = await over(shop, 2)
    assert (build["state"], build["failure"]["command"]) == ("failed", "COPY absent.py ./")
    assert build["failure"]["cause"].startswith("absent.py is not among the files")
    assert one["Id"] in {found["Id"] for found in await shown.containers()}
    # Nor does one that ends at once, or that does not say what it is to start.
    await shop.push("feature", {"Dockerfile": DOCKERFILE.replace('CMD ["python3", "server.py"]', "CMD exit 3")})
    await over(shop, 3)

    async def failed() -> Any:
        build = await newest(shop.client, shop)
        return build["site"] if build["site"] and build["site"]["state"] == "failed" else None

    site = await eventually(failed, within=60)
    assert "ended with exit status 3" in site["reason"]
    await shop.shows("feature", "hello at feature--")

    # On another port than it is told, which it exposes or not; in the place of the first.
    elsewhere = DOCKERFILE.replace("EXPOSE 5000\n", "").replace("HOST=127.0.0.1", "HOST=127.0.0.1 GREETING=again")
    elsewhere = elsewhere.replace('CMD ["python3", "server.py"]', "CMD PORT=7001 exec python3 server.py")
    await shop.push("feature", {"Dockerfile": elsewhere})
    await over(shop, 4)
    await shop.shows("feature", "again at feature--")
    await shop.shows("build-1", "hello at build-1--")


TESTED = """test:
- 'test "$(cat word) $PWD $TOKEN $GREETING" = "built 6 /srv hidden hello"'
- 'echo told $TOKEN; python3 -c "import {module}"'
"""
SHELL_LESS = 'FROM scratch\nCOPY server.py /\nCMD ["/server.py"]\n'


async def test_a_dockerfiles_image_is_tested_in_itself(shop: Shop, shown: Shown) -> None:
    """In its own files, with its variables and the project's secrets; one that fails, or cannot, is shown nowhere."""
    async with shop.client.put(f"{shop.api}/secrets/TOKEN", json={"value": "hidden"}) as response:
        assert response.status < 300, await response.text()
    manifest = MANIFEST + TESTED.format(module="absent")
    await shop.push("tested", {"Dockerfile": DOCKERFILE, "firefly.yml": manifest, "server.py": SERVER})
    build = await over(shop, 1)
    assert (build["state"], build["site"]) == ("tests_failed", None)
    async with shop.client.get(f"/api/v1/builds/{build['id']}") as response:
        build = await response.json()
    first, second = [step for step in build["steps"] if step["name"] == "test"]
    assert (first["state"], second["state"], second["exit_code"]) == ("succeeded", "failed", 1)
    assert build["failure"]["command"] == second["command"]
    assert build["failure"]["cause"] == "Python does not find the module “absent”."
    async with shop.client.get(f"/api/v1/builds/{build['id']}/log?download=text") as response:
        assert "told •••" in await response.text()

    await shop.push("tested", {"Dockerfile": SHELL_LESS, "firefly.yml": "test: ['true']\n"})
    build = await over(shop, 2)
    assert (build["state"], build["site"]) == ("tests_failed", None)
    assert build["failure"]["cause"].startswith("The image has no shell")

    await shop.push("tested", {"Dockerfile": DOCKERFILE, "firefly.yml": MANIFEST + TESTED.format(module="json")})
    build = await over(shop, 3)
    assert build["state"] == "succeeded"
    await shop.shows("tested", "hello at tested--")

    async def only_the_site_runs() -> bool:
        return [found["ImageID"] for found in await shown.containers()].count(build["artifact"]) == 1

    await eventually(only_the_site_runs)


# Where there is a database it is there before the site, and in its network.
LOOK = """import os, socket, urllib.parse
if found := os.environ.get("DATABASE_URL"):
    address = urllib.parse.urlsplit(found)
    socket.create_connection((address.hostname, address.port)).close()
    print("found", address.path)
"""
COMMANDS = """image: {image}
build: ['cat server.py > made.py; id -u > who']
test: ['grep -q HTTPServer made.py && test "$(cat who)" = "$(id -u)"']
run: ['python3 look.py', 'python3 made.py']
env: {{GREETING: {greeting}}}
"""


async def test_commands_run_in_the_base_of_sandboxes_or_in_an_image_that_is_named(shop: Shop) -> None:
    """Built, tested and shown there, as whom the files belong to."""
    await shop.push(
        "plain",
        {"firefly.yml": COMMANDS.format(image="python", greeting="plain"), "server.py": SERVER, "look.py": LOOK},
    )
    await shop.push("named", {"firefly.yml": COMMANDS.format(image=BASE, greeting="named") + "database: postgres\n"})
    await shop.shows("plain", "plain at plain--")
    await shop.shows("named", "named at named--")
    build = await newest(shop.client, shop)
    async with shop.client.get(f"/api/v1/builds/{build['id']}/log?download=text") as response:
        assert "found /app" in await response.text()
    await shop.push("lost", {"firefly.yml": COMMANDS.format(image="127.0.0.1:9/no/such:1", greeting="x")})
    lost = await over(shop, 3)
    assert lost["failure"]["cause"].startswith("The image 127.0.0.1:9/no/such:1 cannot be had")
