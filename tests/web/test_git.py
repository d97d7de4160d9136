"""git's smart HTTP: whom it lets in, what it passes on."""

import asyncio
import gzip
from base64 import b64encode
from collections.abc import AsyncIterator

import pytest

from firefly.projects import Role, Visibility
from firefly.web.turns import MOST_AT_ONCE
from tests.support.waiting import eventually

from .world import World

PATH = "/git/ada/site.git"
UPLOAD = {"Content-Type": "application/x-git-upload-pack-request"}
RECEIVE = {"Content-Type": "application/x-git-receive-pack-request"}


def basic(secret: str, name: str = "token") -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{name}:{secret}'.encode()).decode()}"}


async def test_a_token_is_the_password_with_any_name(world: World) -> None:
    world.projects.add(world.ada, "site")
    secret = await world.token(world.ada, "git")
    client = world.client(**basic(secret, "whoever"))
    response = await client.get(f"{PATH}/info/refs?service=git-upload-pack", headers={"Git-Protocol": "version=2"})
    assert response.status == 200
    assert response.content_type == "application/x-git-upload-pack-advertisement"
    assert await response.text() == "advertised git-upload-pack version=2"


async def test_a_push_is_streamed_with_who_pushes(world: World) -> None:
    world.projects.add(world.ada, "site")
    client = world.client(**basic(await world.token(world.ada, "git")))
    response = await client.post(f"{PATH}/git-receive-pack", data=b"0000PACK", headers=RECEIVE)
    assert await response.text() == "served"
    assert b"".join(world.git.received) == b"0000PACK"
    assert world.git.pushers == [world.ada.id]


async def test_compressed_bodies_are_unpacked(world: World) -> None:
    world.projects.add(world.ada, "site")
    client = world.client(**basic(await world.token(world.ada, "git")))
    plain = b"0032want " + b"a" * 100_000
    headers = {**UPLOAD, "Content-Encoding": "gzip"}
    response = await client.post(f"{PATH}/git-upload-pack", data=gzip.compress(plain), headers=headers)
    assert response.status == 200
    assert b"".join(world.git.received) == plain


async def test_without_a_token_git_is_asked_for_one_whether_the_project_exists_or_not(world: World) -> None:
    world.projects.add(world.ada, "site")
    answers = []
    for path in (PATH, "/git/ada/nothing.git"):
        response = await world.client().get(f"{path}/info/refs?service=git-upload-pack")
        assert response.status == 401
        assert response.headers["WWW-Authenticate"].startswith("Basic ")
        body = await response.json()
        answers.append((body["type"], body["detail"]))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("secret", ["wrong", "", "ffp_" + "0" * 48, "x" * 5000])
async def test_a_wrong_token_is_refused(world: World, secret: str) -> None:
    world.projects.add(world.ada, "site")
    response = await world.client(**basic(secret)).get(f"{PATH}/info/refs?service=git-upload-pack")
    assert response.status == 401


async def test_viewers_fetch_and_do_not_push(world: World) -> None:
    project = world.projects.add(world.ada, "site")
    world.projects.members[project.id][world.bob.id] = Role.VIEWER
    client = world.client(**basic(await world.token(world.bob, "git")))
    assert (await client.get(f"{PATH}/info/refs?service=git-upload-pack")).status == 200
    assert (await client.get(f"{PATH}/info/refs?service=git-receive-pack")).status == 403
    assert (await client.post(f"{PATH}/git-receive-pack", data=b"0000", headers=RECEIVE)).status == 403
    assert world.git.received == []


async def test_a_public_project_is_cloned_by_anyone_and_pushed_by_members(world: World) -> None:
    world.projects.add(world.ada, "site", visibility=Visibility.PUBLIC)
    client = world.client()
    assert (await client.get(f"{PATH}/info/refs?service=git-upload-pack")).status == 200
    assert (await client.get(f"{PATH}/info/refs?service=git-receive-pack")).status == 401


async def test_a_renamed_project_redirects(world: World) -> None:
    world.projects.moved["ada/site"] = "ada/new"
    client = world.client(**basic(await world.token(world.ada, "git")))
    response = await client.get(f"{PATH}/info/refs?service=git-upload-pack", allow_redirects=False)
    assert response.status == 308
    assert response.headers["Location"] == "/git/ada/new.git/info/refs?service=git-upload-pack"


@pytest.mark.parametrize("service", ["", "git-evil", "--upload-pack=touch"])
async def test_only_the_two_services_exist(world: World, service: str) -> None:
    world.projects.add(world.ada, "site")
    client = world.client(**basic(await world.token(world.ada, "git")))
    assert (await client.get(f"{PATH}/info/refs", params={"service": service})).status == 403


async def test_a_caller_who_is_slow_many_times_over_waits(world: World) -> None:
    world.projects.add(world.ada, "site")
    client = world.client(**basic(await world.token(world.ada, "git")))
    held = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"0032want"
        await held.wait()

    waiting = [
        asyncio.create_task(client.post(f"{PATH}/git-upload-pack", data=slowly(), headers=UPLOAD))
        for _ in range(MOST_AT_ONCE)
    ]
    await eventually(lambda: len(world.git.pushers) == MOST_AT_ONCE)
    refused = await client.get(f"{PATH}/info/refs?service=git-upload-pack")
    assert (refused.status, refused.headers["Retry-After"]) == (429, "5")
    held.set()
    assert [answer.status for answer in await asyncio.gather(*waiting)] == [200] * MOST_AT_ONCE
    assert (await client.get(f"{PATH}/info/refs?service=git-upload-pack")).status == 200


async def test_the_dumb_protocol_and_other_types_are_refused(world: World) -> None:
    world.projects.add(world.ada, "site")
    client = world.client(**basic(await world.token(world.ada, "git")))
    assert (await client.get(f"{PATH}/HEAD")).status == 404
    assert (await client.post(f"{PATH}/git-upload-pack", data=b"0000")).status == 422
