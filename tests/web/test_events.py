"""The stream of changes: told to whom it concerns, resumed where it broke off, honest about what was missed."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from firefly.client.sse import server_events
from firefly.errors import DatabaseUnavailable
from firefly.web.events import EVENT_HUB
from tests.support.waiting import eventually

from .world import World

Event = tuple[str, dict[str, Any], str]


class Stream:
    def __init__(self, response: ClientResponse) -> None:
        self._events = server_events(response)

    async def next(self) -> Event:
        """The next event; a test that waits in vain fails."""
        async with asyncio.timeout(30):
            event = await anext(self._events)
        return event.name, json.loads(event.data), event.id


@asynccontextmanager
async def stream(world: World, client: TestClient[Any, Any], last: str = "") -> AsyncIterator[Stream]:
    hub = world.server.app[EVENT_HUB]
    before = hub.readers
    async with client.get("/api/v1/events", headers={"Last-Event-ID": last} if last else {}) as response:
        assert response.content_type == "text/event-stream"
        await eventually(lambda: hub.readers == before + 1)
        yield Stream(response)
    await eventually(lambda: hub.readers == before)


async def publish(world: World, kind: str, **data: str | None) -> None:
    await world.bus.publish("events", kind, dict(data))


async def test_members_hear_of_their_projects_and_nobody_elses(world: World) -> None:
    mine, other = world.projects.add(world.ada, "mine"), world.projects.add(world.bob, "other")
    async with stream(world, await world.program(world.ada)) as events:
        assert (await events.next())[0] == "stream.open"
        await publish(world, "project.changed", project_id=str(other.id))
        await publish(world, "account.changed", project_id=None, account_id=str(world.bob.id))
        await publish(world, "project.changed", project_id=str(mine.id), account_id=str(world.bob.id))
        await publish(world, "project.changed", project_id=str(mine.id))
        kind, data, _ = await events.next()
        assert (kind, data) == ("project.changed", {"project_id": str(mine.id)})


async def test_a_new_display_name_is_told_to_its_owner_alone(world: World) -> None:
    async with (
        stream(world, await world.browser(world.ada)) as own,
        stream(world, await world.program(world.bob)) as other,
    ):
        assert ((await own.next())[0], (await other.next())[0]) == ("stream.open", "stream.open")
        await (await world.browser(world.ada)).patch("/api/v1/me", json={"display_name": "Countess"})
        kind, data, _ = await own.next()
        assert (kind, data["account_id"], data["display_name"]) == ("account.changed", str(world.ada.id), "Countess")
        await publish(world, "account.changed", project_id=None, account_id=str(world.bob.id))
        assert (await other.next())[1]["account_id"] == str(world.bob.id)


async def test_sandbox_events_are_told_with_their_project(world: World) -> None:
    project = world.projects.add(world.ada, "site")
    async with stream(world, await world.program(world.ada)) as events:
        await events.next()
        await publish(world, "sandbox.changed", workspace_id=str(project.workspace_id), state="running")
        kind, data, _ = await events.next()
        assert kind == "sandbox.changed"
        assert (data["project_id"], data["owner"], data["name"]) == (str(project.id), "ada", "site")


async def test_what_nobody_read_is_told_later_with_whose_it_is(world: World) -> None:
    project = world.projects.add(world.ada, "site")
    client = await world.program(world.ada)
    async with stream(world, client) as events:
        last = (await events.next())[2]
    await publish(world, "sandbox.changed", workspace_id=str(project.workspace_id), state="running")
    async with stream(world, client, last) as events:
        assert (await events.next())[0] == "stream.open"
        data = (await events.next())[1]
        assert (data["project_id"], data["owner"], data["name"]) == (str(project.id), "ada", "site")


async def test_a_reader_resumes_after_what_it_saw(world: World) -> None:
    project = world.projects.add(world.ada, "site")
    client = await world.program(world.ada)
    async with stream(world, client) as events:
        await events.next()
        await publish(world, "job.changed", project_id=str(project.id), step="one")
        last = (await events.next())[2]
    await publish(world, "job.changed", project_id=str(project.id), step="two")
    await publish(world, "job.changed", project_id=str(project.id), step="three")
    async with stream(world, client, last) as events:
        assert (await events.next())[0] == "stream.open"
        assert [(await events.next())[1]["step"] for _ in range(2)] == ["two", "three"]


async def test_an_id_of_another_run_means_reload(world: World) -> None:
    client = await world.program(world.ada)
    for last in ("00000000-5", "nonsense", "-", "9" * 50):
        async with stream(world, client, last) as events:
            assert (await events.next())[0] == "stream.reset"


async def test_a_new_member_hears_at_once_and_a_removed_one_no_more(world: World) -> None:
    project = world.projects.add(world.ada, "site")
    members = world.projects.members[project.id]
    async with stream(world, await world.program(world.bob)) as events:
        await events.next()
        members[world.bob.id] = members[world.ada.id]
        await publish(world, "members.changed", project_id=str(project.id))
        assert (await events.next())[0] == "members.changed"
        del members[world.bob.id]
        await publish(world, "members.changed", project_id=str(project.id))
        assert (await events.next())[0] == "members.changed"
        await publish(world, "job.changed", project_id=str(project.id))
        await publish(world, "account.changed", project_id=None, account_id=str(world.bob.id))
        assert (await events.next())[0] == "account.changed"


async def test_nobody_listens_without_signing_in(world: World) -> None:
    assert (await world.client().get("/api/v1/events")).status == 401


async def test_an_id_that_is_none_of_ours_is_told_to_load_anew(world: World) -> None:
    client = await world.program(world.ada)
    async with stream(world, client) as events:
        boot = (await events.next())[2].partition("-")[0]
    for number in ("9" * 5000, "٣", "-1", ""):
        async with stream(world, client, f"{boot}-{number}") as events:
            assert (await events.next())[0] == "stream.reset"


async def test_what_cannot_be_told_means_reload_and_nothing_after_it_is_missed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_workspace_id: UUID) -> None:
        raise DatabaseUnavailable("The database does not answer just now.")

    project = world.projects.add(world.ada, "site")
    async with stream(world, await world.program(world.ada)) as events:
        await events.next()
        with monkeypatch.context() as patch:
            patch.setattr(world.projects, "by_workspace", away)
            await publish(world, "sandbox.changed", workspace_id=str(project.workspace_id), state="running")
            assert (await events.next())[0] == "stream.reset"
        await publish(world, "job.changed", project_id=str(project.id))
        assert (await events.next())[0] == "job.changed"
