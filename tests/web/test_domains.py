"""Aliases and custom domains by the API: what is refused, what proves, who may, what is written down and told."""

import asyncio
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from firefly.projects import Project, Role
from firefly.routes import SandboxTarget
from firefly.testing.texts import MemoryTexts

from .world import World

DOMAINS = "/api/v1/projects/ada/site/domains"
HOST = "www.example.org"


def texts_of(world: World) -> MemoryTexts:
    texts = world.services.domains.checking.texts
    assert isinstance(texts, MemoryTexts)
    return texts


async def add(client: TestClient[Any, Any], host: str, **more: Any) -> dict[str, Any]:
    response = await client.post(DOMAINS, json={"host": host, **more})
    made: dict[str, Any] = await response.json()
    assert response.status == 201, made
    return made


async def check(client: TestClient[Any, Any], domain: dict[str, Any]) -> dict[str, Any]:
    response = await client.post(f"{DOMAINS}/{domain['id']}/check")
    checked: dict[str, Any] = await response.json()
    assert response.status == 200, checked
    return checked


def shown(world: World, host: str) -> object:
    route = world.table.get(host)
    return route.target if route else None


async def test_an_alias_is_in_service_when_the_call_returns(
    world: World, project: Project, owner: TestClient[Any, Any]
) -> None:
    made = await add(owner, "shop", port=8080)
    domain = world.settings.content_domain.partition(":")[0]
    assert (made["host"], made["kind"], made["state"]) == (f"shop.{domain}", "alias", "active")
    assert made["url"] == world.settings.content_url("shop")
    assert made["proof"] is None
    assert project.workspace_id is not None
    assert shown(world, made["host"]) == SandboxTarget(project.workspace_id, 8080)
    listed = (await (await owner.get(DOMAINS)).json())["items"]
    assert listed == [made]
    assert await (await owner.get(f"{DOMAINS}/{made['id']}")).json() == made


async def test_a_custom_domain_waits_for_its_proof(world: World, project: Project, owner: TestClient[Any, Any]) -> None:
    made = await add(owner, "WWW.Example.org.")
    assert (made["host"], made["kind"], made["state"]) == (HOST, "custom", "pending")
    assert made["proof"] == {"type": "TXT", "name": f"_firefly.{HOST}", "value": made["proof"]["value"]}
    assert made["certificate"]["state"] == "elsewhere"
    assert shown(world, HOST) is None
    checked = await check(owner, made)
    assert (checked["state"], checked["reason"]) == ("pending", f"The DNS has no TXT record at _firefly.{HOST}.")
    texts_of(world).put(f"_firefly.{HOST}", "something else", made["proof"]["value"])
    checked = await check(owner, made)
    assert (checked["state"], checked["reason"]) == ("active", "")
    assert project.workspace_id is not None
    assert shown(world, HOST) == SandboxTarget(project.workspace_id)


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        ("", "Give a host"),
        ("https://www.example.org", "without https"),
        ("www.example.org/path", "without https"),
        ("192.0.2.7", "address"),
        ("[2001:db8::1]", "address"),
        ("2001:db8::1", "address"),
        ("1.0x7f", "address"),
        ("co.uk", "suffix"),
        ("github.io", "suffix"),
        ("example..org", "no host name"),
        ("-x.example.org", "no host name"),
        ("ex_ample.org", "no host name"),
        (f"{'a' * 64}.org", "no host name"),
        (".".join(["a" * 62] * 4), "too long"),
        ("shop.localhost", "cannot be proven"),
        ("localhost", "reserved"),
        ("preview.localhost", "content domain itself"),
        ("a.b.preview.localhost", "small letters"),
        ("www.preview.localhost", "reserved"),
        ("www.preview\u3002localhost", "reserved"),
        ("\uff53hop--ann.preview.localhost", "single hyphens"),
        ("shop--ann", "single hyphens"),
        ("xn--bcher-kva", "single hyphens"),
        ("admin", "reserved"),
        ("build-7", "reserved"),
        ("3000", "address"),
        ("long-0123456789abcdef", "reserved"),
        ("bücher", "small letters"),
    ],
)
async def test_what_no_project_may_have_is_refused_with_its_reason(
    world: World, owner: TestClient[Any, Any], host: str, sentence: str
) -> None:
    response = await owner.post(DOMAINS, json={"host": host})
    problem = await response.json()
    assert (response.status, problem["field"]) == (422, "host")
    assert sentence in problem["detail"]
    assert problem["detail"].endswith(".")


async def test_other_letters_are_kept_as_dns_has_them(owner: TestClient[Any, Any]) -> None:
    made = await add(owner, "Bücher.Example.org")
    assert (made["host"], made["name"]) == ("xn--bcher-kva.example.org", "bücher.example.org")
    response = await owner.post(DOMAINS, json={"host": "xn--bcher-kva.example.org"})
    assert response.status == 409


async def test_of_two_projects_the_first_with_proof_has_the_host(world: World, owner: TestClient[Any, Any]) -> None:
    await world.shared(world.bob, "other")
    bob, theirs = await world.program(world.bob), "/api/v1/projects/bob/other/domains"
    mine = await add(owner, HOST)
    his = await (await bob.post(theirs, json={"host": HOST})).json()
    assert mine["proof"]["value"] != his["proof"]["value"]
    texts_of(world).put(f"_firefly.{HOST}", mine["proof"]["value"], his["proof"]["value"])
    assert (await check(owner, mine))["state"] == "active"
    late = await (await bob.post(f"{theirs}/{his['id']}/check")).json()
    assert late["state"] == "taken"
    assert "Another project" in late["reason"]
    # The domain was sold: what proved the first is gone, and the second has it.
    texts_of(world).put(f"_firefly.{HOST}", his["proof"]["value"])
    won = await (await bob.post(f"{theirs}/{his['id']}/check")).json()
    assert won["state"] == "active"
    lost = await (await owner.get(f"{DOMAINS}/{mine['id']}")).json()
    assert (lost["state"], "Another project" in lost["reason"]) == ("suspended", True)
    route = world.table.get(HOST)
    assert route is not None
    assert route.project_id == world.projects.by_path["bob/other"].id


async def test_an_alias_is_first_come(world: World, owner: TestClient[Any, Any]) -> None:
    await world.shared(world.bob, "other")
    bob, theirs = await world.program(world.bob), "/api/v1/projects/bob/other/domains"
    made = await add(owner, "shop")
    response = await bob.post(theirs, json={"host": "shop"})
    assert (response.status, (await response.json())["field"]) == (409, "host")
    assert (await owner.delete(f"{DOMAINS}/{made['id']}")).status == 204
    assert shown(world, made["host"]) is None
    assert (await bob.post(theirs, json={"host": "shop"})).status == 409, "kept from others for a while"
    assert (await add(owner, "shop"))["state"] == "active"


async def test_a_custom_domain_that_is_removed_is_free_at_once(world: World, owner: TestClient[Any, Any]) -> None:
    await world.shared(world.bob, "other")
    bob, theirs = await world.program(world.bob), "/api/v1/projects/bob/other/domains"
    mine = await add(owner, HOST)
    his = await (await bob.post(theirs, json={"host": HOST})).json()
    texts_of(world).put(f"_firefly.{HOST}", mine["proof"]["value"], his["proof"]["value"])
    await check(owner, mine)
    assert (await owner.delete(f"{DOMAINS}/{mine['id']}")).status == 204
    assert shown(world, HOST) is None
    assert (await (await bob.post(f"{theirs}/{his['id']}/check")).json())["state"] == "active"


async def test_owners_add_and_maintainers_take_away(
    world: World, project: Project, owner: TestClient[Any, Any]
) -> None:
    made = await add(owner, HOST)
    await world.join(project, world.bob, Role.MAINTAINER)
    other = await world.program(world.bob)
    assert (await other.post(DOMAINS, json={"host": "mine"})).status == 403
    assert (await other.post(f"{DOMAINS}/{made['id']}/check")).status == 200
    assert (await other.delete(f"{DOMAINS}/{made['id']}")).status == 204
    world.projects.members[project.id][world.bob.id] = Role.VIEWER
    assert (await other.get(DOMAINS)).status == 200
    assert (await other.delete(f"{DOMAINS}/{made['id']}")).status == 403
    reader = await world.program(world.ada, "read")
    assert (await reader.post(DOMAINS, json={"host": "mine"})).status == 403


async def test_strangers_are_told_nothing(world: World, owner: TestClient[Any, Any]) -> None:
    made = await add(owner, HOST)
    stranger = await world.program(world.bob)
    for method, path in (("GET", DOMAINS), ("GET", f"{DOMAINS}/{made['id']}"), ("DELETE", f"{DOMAINS}/{made['id']}")):
        assert (await stranger.request(method, path)).status == 404
    assert (await world.client().get(DOMAINS)).status == 401


async def test_a_domain_of_another_project_is_not_there(world: World, owner: TestClient[Any, Any]) -> None:
    made = await add(owner, HOST)
    await world.shared(world.ada, "second")
    for method, tail in (("GET", ""), ("DELETE", ""), ("POST", "/check")):
        path = f"/api/v1/projects/ada/second/domains/{made['id']}{tail}"
        assert (await owner.request(method, path)).status == 404
    assert (await owner.get(f"{DOMAINS}/nonsense")).status == 404


async def test_a_project_has_so_many_and_no_more(owner: TestClient[Any, Any]) -> None:
    for number in range(20):
        await add(owner, f"w{number}.example.org")
    response = await owner.post(DOMAINS, json={"host": "one-more.example.org"})
    assert response.status == 403
    assert "20 domains" in (await response.json())["detail"]


async def test_looks_are_limited(owner: TestClient[Any, Any]) -> None:
    made = await add(owner, HOST)
    answers = [await owner.post(f"{DOMAINS}/{made['id']}/check") for _ in range(21)]
    assert [answer.status for answer in answers] == [200] * 20 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


async def test_every_change_is_written_down_and_told(world: World, owner: TestClient[Any, Any]) -> None:
    async with world.bus.subscribe("events") as events:
        made = await add(owner, HOST)
        texts_of(world).put(f"_firefly.{HOST}", made["proof"]["value"])
        await check(owner, made)
        await owner.delete(f"{DOMAINS}/{made['id']}")
        async with asyncio.timeout(30):
            told = [await anext(aiter(events)) for _ in range(3)]
    assert [event.kind for event in told] == ["domain.changed"] * 3
    assert [event.data["what"] for event in told] == ["added", "active", "removed"]
    assert {event.data["host"] for event in told} == {HOST}
    entries = [entry for entry in await world.services.audit.list() if entry.action.startswith("domain.")]
    assert [entry.action for entry in entries] == ["domain.removed", "domain.active", "domain.added"]
    assert {entry.actor for entry in entries} == {world.ada.id}
    assert all(entry.address for entry in entries)
