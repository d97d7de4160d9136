"""Secrets by the API: who may set them, what is refused, what is told, and that no answer holds a value."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from firefly.projects import Project, Role

from .world import World

SECRETS = "/api/v1/projects/ada/site/secrets"


async def test_a_secret_is_set_listed_changed_and_removed_and_never_shown(
    world: World, project: Project, owner: TestClient[Any, Any]
) -> None:
    made = await owner.post(SECRETS, json={"name": "API_KEY", "value": "first-value"})
    assert made.status == 201
    changed = await owner.put(f"{SECRETS}/API_KEY", json={"value": "second-value"})
    listed = await owner.get(SECRETS)
    texts = [await answer.text() for answer in (made, changed, listed)]
    assert not any("value" in text for text in texts)
    (found,) = (await listed.json())["items"]
    assert (found["name"], found["state"], found["size"], found["by"]) == ("API_KEY", "set", 12, "ada")
    assert [facts.workspace_id for facts in world.told] == [project.workspace_id] * 2
    assert (await owner.delete(f"{SECRETS}/API_KEY")).status == 204
    assert (await owner.delete(f"{SECRETS}/API_KEY")).status == 404
    assert len(world.told) == 3
    actions = [entry for entry in await world.services.audit.list() if entry.action.startswith("secret.")]
    assert [entry.action for entry in actions] == ["secret.removed", "secret.set", "secret.set"]
    assert not any("value" in str(entry.detail) for entry in actions)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("1ST", "x", "begins with no digit"),
        ("WITH-DASH", "x", "letters, digits"),
        ("NAME=", "x", "letters, digits"),
        ("PATH", "x", "set by Firefly"),
        ("FIREFLY_WORKSPACE", "x", "set by Firefly"),
        ("NUL", "a\0b", "NUL"),
        ("LARGE", "ü" * (20 << 10), "at most 32 KiB"),
        ("LARGER", "x" * (40 << 10), "32768"),
    ],
)
async def test_what_no_environment_can_hold_is_refused_with_a_sentence(
    owner: TestClient[Any, Any], name: str, value: str, said: str
) -> None:
    refused = await owner.post(SECRETS, json={"name": name, "value": value})
    text = await refused.text()
    assert (refused.status, said in text) == (422, True), text
    assert len(text) < 500, "it repeats what was sent"


async def test_there_is_an_end_to_how_many_and_how_much(owner: TestClient[Any, Any]) -> None:
    for number in range(8):
        assert (await owner.post(SECRETS, json={"name": f"LARGE_{number}", "value": "x" * (32 << 10)})).status == 201
    full = await owner.post(SECRETS, json={"name": "ONE_MORE", "value": "x"})
    assert "256 KiB together" in await full.text()
    assert (await owner.put(f"{SECRETS}/LARGE_0", json={"value": "small"})).status == 200
    for number in range(92):
        assert (await owner.post(SECRETS, json={"name": f"SMALL_{number}", "value": "x"})).status == 201
    assert "at most 100" in await (await owner.post(SECRETS, json={"name": "ONE_MORE", "value": "x"})).text()


@pytest.mark.parametrize(
    ("role", "sees", "sets"), [(Role.VIEWER, 403, 403), (Role.EDITOR, 200, 403), (Role.MAINTAINER, 200, 201)]
)
async def test_editors_see_the_names_and_maintainers_set_them(
    world: World, project: Project, role: Role, sees: int, sets: int
) -> None:
    await world.join(project, world.bob, role)
    bob = await world.program(world.bob)
    assert (await bob.get(SECRETS)).status == sees
    assert (await bob.post(SECRETS, json={"name": "API_KEY", "value": "x"})).status == sets


async def test_to_a_stranger_there_is_no_such_project(world: World, project: Project) -> None:
    bob = await world.program(world.bob)
    assert (await bob.get(SECRETS)).status == 404
    assert (await bob.put(f"{SECRETS}/API_KEY", json={"value": "x"})).status == 404
