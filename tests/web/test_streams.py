"""Streams end when what let their reader in is taken back, and are not opened without number."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from aiohttp.test_utils import TestClient

from firefly.auth import Holder
from firefly.web import streams
from tests.support.waiting import eventually

from .world import World

UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket"}
LIMIT = 30


async def follow(client: TestClient) -> aiohttp.ClientResponse:  # type: ignore[type-arg]
    response: aiohttp.ClientResponse = await client.get("/api/v1/events")
    assert response.status == 200
    assert await response.content.readline() == b": open\n"
    return response


async def ended(response: aiohttp.ClientResponse) -> bool:
    try:
        async with asyncio.timeout(LIMIT):
            await response.content.read()
    except aiohttp.ClientPayloadError:
        return True
    except TimeoutError:
        return False
    finally:
        response.close()
    return True


async def sign_out_everywhere(world: World) -> None:
    await world.services.sessions.close_all(world.bob.id)


async def change_password(world: World) -> None:
    await world.services.accounts.set_password(world.bob.id, "another long password")


async def take_role(world: World) -> None:
    await world.services.accounts.set_administrator(world.bob.id, True)


@pytest.mark.parametrize("act", [sign_out_everywhere, change_password, take_role])
async def test_a_session_that_ends_takes_its_streams_along(
    world: World, act: Callable[[World], Awaitable[None]]
) -> None:
    theirs = await follow(await world.browser(world.bob))
    mine = await follow(await world.browser(world.ada))
    await act(world)
    assert await ended(theirs)
    assert not mine.content.at_eof()
    mine.close()


async def test_a_revoked_token_takes_its_streams_along_and_no_others(world: World) -> None:
    tokens = world.services.tokens
    (lost, secret), (_, kept) = [await tokens.create(world.bob, name, {"read"}) for name in ("lost", "kept")]
    theirs = await follow(world.client(Authorization=f"Bearer {secret}"))
    other = await follow(world.client(Authorization=f"Bearer {kept}"))
    await tokens.revoke(lost.id)
    assert await ended(theirs)
    assert not other.content.at_eof()
    other.close()


async def test_a_tunnel_says_whose_it_is(world: World) -> None:
    project = world.projects.add(world.ada, "site")
    browser = await world.browser(world.ada)
    answer = await browser.get("/api/v1/projects/ada/site/bridge", headers=UPGRADE)
    answer.close()
    target = world.tunnels.take(answer.headers["X-Firefly-Tunnel"])
    holder = getattr(target, "holder", None)
    assert isinstance(holder, Holder)
    assert (holder.account_id, holder.project_id) == (world.ada.id, project.id)
    assert holder.session_id is not None


async def test_an_account_has_so_many_streams(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MOST_PER_ACCOUNT", 2)
    client = await world.program(world.bob, "read")
    opened = [await follow(client) for _ in range(2)]
    refused = await client.get("/api/v1/events")
    assert refused.status == 403
    assert (await refused.json())["type"] == "urn:firefly:limit-reached"
    (await follow(await world.program(world.ada, "read"))).close()
    for response in opened:
        response.close()

    async def free() -> bool:
        again = await client.get("/api/v1/events")
        again.close()
        return again.status == 200

    await eventually(free, within=LIMIT)
