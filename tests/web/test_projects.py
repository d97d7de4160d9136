"""Projects by the API: what goes in, what comes out, and what is refused with which problem."""

import pytest

from firefly.errors import LimitReached, NameTaken, SandboxFailed
from firefly.projects import Job, JobState, Visibility

from .world import NOW, World


async def test_a_project_is_created_and_its_addresses_are_told(world: World) -> None:
    client = await world.program(world.ada)
    response = await client.post("/api/v1/projects", json={"name": "site", "template": "static"})
    body = await response.json()
    assert response.status == 201
    assert (body["owner"], body["name"], body["role"]) == ("ada", "site", "owner")
    assert body["urls"] == {
        "editor": f"{world.settings.url}/app/ada/site",
        "preview": f"http://site--ada.{world.settings.content_domain}",
        "git": f"{world.settings.url}/git/ada/site.git",
    }
    assert response.headers["Location"] == "/api/v1/projects/ada/site"
