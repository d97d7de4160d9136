"""Access by the API: what owners hand out and take back, who may, and what is written down and told."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from firefly.access import Place, Visitor
from firefly.auth import Account, Grant
from firefly.projects import Project, Role

from .world import PASSWORD, World

ACCESS = "/api/v1/projects/ada/site/access"
SOMEBODY = Visitor("203.0.113.9", "Mozilla/5.0")


def place_of(project: Project) -> Place:
    return Place("site--ada.preview.localhost", project.id, 1)


async def maintainer(world: World, project: Project) -> TestClient[Any, Any]:
    await world.join(project, world.bob, Role.MAINTAINER)
    return await world.program(world.bob)


async def look(client: TestClient[Any, Any]) -> dict[str, Any]:
    response = await client.get(ACCESS)
    assert response.status == 200
    found: dict[str, Any] = await response.json()
    return found


async def enter_by_link(world: World, project: Project, url: str) -> Grant:
    grant = await world.services.access.entrances.by_link(url.rpartition("/")[2], place_of(project), SOMEBODY)
    assert grant is not None
    world.clock.advance(1)
    return grant


def stands(world: World, grant: Grant) -> bool:
    value = world.services.grants.seal(grant).encode()
    return world.services.grants.verify(value, grant.project_id, grant.policy_version) is not None


async def test_at_first_only_members_get_in(world: World) -> None:
    await world.shared(world.ada, "site")
    seen = await look(await world.program(world.ada))
    assert seen["may"] == {"manage": True, "widen": True}
    assert (seen["visibility"], seen["public"], seen["code"], seen["password"]) == ("members", False, None, None)
    lists = ("public_paths", "addresses", "people", "links", "grants", "requests")
    assert [seen[name] for name in lists] == [[]] * 6


async def test_viewers_see_whether_it_is_public_and_nothing_more(world: World) -> None:
    project = await world.shared(world.ada, "site")
    owner = await world.program(world.ada)
    await owner.patch(ACCESS, json={"public": True, "addresses": ["192.0.2.0/24"], "public_paths": ["/x"]})
    await owner.post(f"{ACCESS}/links", json={"label": "secret plans"})
    await world.join(project, world.bob, Role.EDITOR)
    seen = await look(await world.program(world.bob))
    assert seen["public"] is True
    assert seen["may"] == {"manage": False, "widen": False}
    assert (seen["addresses"], seen["public_paths"], seen["links"]) == ([], [], [])


async def test_what_opens_by_itself_is_in_effect_when_the_call_returns(world: World) -> None:
    project = await world.shared(world.ada, "site")
    client, changes = await world.program(world.ada), []
    world.services.access.policies.on_change(lambda: changes.append(1))
    body = {
        "public": True,
        "addresses": ["192.0.2.7/24", "2001:db8::/32", "192.0.2.0/24"],
        "public_paths": ["/healthz"],
        "public_preflights": True,
        "service_workers": True,
    }
    response = await client.patch(ACCESS, json=body)
    seen = await response.json()
    assert (response.status, seen["addresses"]) == (200, ["192.0.2.0/24", "2001:db8::/32"])
    policy = world.services.access.policies.get(project.id)
    assert policy is not None
    assert policy.is_public
    assert policy.admits(b"192.0.2.9")
    assert policy.public_paths == {b"/healthz"}
    response = await client.patch(ACCESS, json={"public": False, "public_preflights": False, "public_paths": []})
    assert (await response.json())["service_workers"]
    response = await client.patch(ACCESS, json={"service_workers": False})
    assert (await response.json())["addresses"] == ["192.0.2.0/24", "2001:db8::/32"]
    await client.patch(ACCESS, json={"addresses": []})
    assert world.services.access.policies.get(project.id) is None
    assert len(changes) == 4


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"addresses": ["everywhere"]}, "addresses"),
        ({"addresses": ["0.0.0.0/0"]}, "addresses"),
        ({"addresses": ["192.0.2.1"] * 101}, "addresses"),
        ({"public_paths": ["healthz"]}, "public_paths"),
        ({"public_paths": ["/a b"]}, "public_paths"),
        ({"public_paths": ["/a?b"]}, "public_paths"),
        ({"public_paths": ["/a#b"]}, "public_paths"),
        ({"public_paths": ["/a/../b"]}, "public_paths"),
        ({"public_paths": ["/.firefly/enter"]}, "public_paths"),
        ({"public_paths": ["/ä"]}, "public_paths"),
        ({"public": "yes"}, "public"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_its_field(world: World, body: dict[str, Any], field: str) -> None:
    await world.shared(world.ada, "site")
    response = await (await world.program(world.ada)).patch(ACCESS, json=body)
    problem = await response.json()
    assert (response.status, problem["field"]) == (422, field)
    assert problem["detail"].endswith(".")


async def test_maintainers_narrow_and_owners_widen(world: World) -> None:
    project = await world.shared(world.ada, "site")
    owner, other = await world.program(world.ada), await maintainer(world, project)
    wide = {
        "public": True,
        "addresses": ["192.0.2.0/24"],
        "public_paths": ["/a", "/b"],
        "public_preflights": True,
        "service_workers": True,
    }
    for name, value in wide.items():
        assert (await other.patch(ACCESS, json={name: value})).status == 403
    for path, body in (
        ("people", {"account": "bob"}),
        ("links", {}),
        ("code", {}),
        ("password", {"password": "x" * 12}),
    ):
        assert (await other.post(f"{ACCESS}/{path}", json=body)).status == 403
    assert (await owner.patch(ACCESS, json=wide)).status == 200
    assert (await other.patch(ACCESS, json={"addresses": ["192.0.2.0/23"]})).status == 403
    narrow = {
        "public": False,
        "addresses": ["192.0.2.0/25"],
        "public_paths": ["/b"],
        "public_preflights": False,
        "service_workers": False,
    }
    assert (await other.patch(ACCESS, json=narrow)).status == 200


async def test_a_link_is_told_once_and_counts_its_uses(world: World) -> None:
    project = await world.shared(world.ada, "site")
    client = await world.program(world.ada)
    body = {"label": " For the customer ", "expires_in": 3600, "max_uses": 2}
    made = await (await client.post(f"{ACCESS}/links", json=body)).json()
    assert made["url"].startswith(f"http://site--ada.{world.settings.content_domain}/.firefly/link/")
    (shown,) = (await look(client))["links"]
    assert (shown["label"], shown["max_uses"], shown["uses"], shown["by"]) == ("For the customer", 2, 0, "ada")
    assert "url" not in shown
    for _ in range(2):
        await enter_by_link(world, project, made["url"])
    secret = made["url"].rpartition("/")[2]
    assert await world.services.access.entrances.by_link(secret, place_of(project), SOMEBODY) is None
    assert (await look(client))["links"][0]["uses"] == 2


async def test_taking_back_ends_what_rests_on_it_and_nothing_else(world: World) -> None:
    project = await world.shared(world.ada, "site")
    client = await world.program(world.ada)
    first, second = [await (await client.post(f"{ACCESS}/links", json={})).json() for _ in range(2)]
    code = (await (await client.post(f"{ACCESS}/code", json={})).json())["code"]
    await client.post(f"{ACCESS}/password", json={"password": "a password to share"})
    entrances, place = world.services.access.entrances, place_of(project)
    by_first, by_second = [await enter_by_link(world, project, link["url"]) for link in (first, second)]
    by_code = await entrances.by_code(code.lower().replace("-", " "), place, SOMEBODY)
    by_password = await entrances.by_password("a password to share", place, SOMEBODY)
    assert by_code is not None
    assert by_password is not None
    grants = [by_first, by_second, by_code, by_password]
    world.clock.advance(1)
    assert sorted(grant["kind"] for grant in (await look(client))["grants"]) == ["code", "link", "link", "password"]
    steps = (f"links/{first['id']}", "code", "password", f"grants/{by_second.id}")
    gone: list[Grant] = []
    for step, grant in zip(steps, (by_first, by_code, by_password, by_second), strict=True):
        assert (await client.delete(f"{ACCESS}/{step}")).status == 204
        gone.append(grant)
        assert [stands(world, one) for one in grants] == [one not in gone for one in grants]
    assert (await look(client))["grants"] == []
    assert [(await client.delete(f"{ACCESS}/{step}")).status for step in steps] == [404] * 4


@pytest.mark.parametrize("what", ["code", "password"])
async def test_a_new_one_takes_the_place_of_the_one_before(world: World, what: str) -> None:
    project = await world.shared(world.ada, "site")
    client, entrances = await world.program(world.ada), world.services.access.entrances
    place, secrets, grants = place_of(project), [], []
    for number in range(2):
        body = {"password": f"password number {number}"} if what == "password" else {}
        made = await (await client.post(f"{ACCESS}/{what}", json=body)).json()
        secrets.append(made.get("code", body.get("password")))
        check = entrances.by_code if what == "code" else entrances.by_password
        assert number == 0 or await check(secrets[0], place, SOMEBODY) is None
        grants.append(await check(secrets[number], place, SOMEBODY))
        world.clock.advance(1)
    assert [stands(world, grant) for grant in grants if grant] == [False, True]


async def test_all_at_once(world: World) -> None:
    project = await world.shared(world.ada, "site")
    client = await world.program(world.ada)
    link = await (await client.post(f"{ACCESS}/links", json={})).json()
    before = await enter_by_link(world, project, link["url"])
    assert (await client.delete(f"{ACCESS}/grants")).status == 204
    world.clock.advance(1)
    after = await enter_by_link(world, project, link["url"])
    assert [stands(world, grant) for grant in (before, after)] == [False, True]
    assert [grant["id"] for grant in (await look(client))["grants"]] == [str(after.id)]


async def test_one_project_knows_nothing_of_anothers_things(world: World) -> None:
    await world.shared(world.ada, "site")
    other = await world.shared(world.ada, "other")
    client = await world.program(world.ada)
    link = await (await client.post(f"{ACCESS}/links", json={})).json()
    code = (await (await client.post(f"{ACCESS}/code", json={})).json())["code"]
    place = Place("other--ada.preview.localhost", other.id, 1)
    entrances = world.services.access.entrances
    assert await entrances.by_link(link["url"].rpartition("/")[2], place, SOMEBODY) is None
    assert await entrances.by_code(code, place, SOMEBODY) is None
    assert (await client.delete(f"/api/v1/projects/ada/other/access/links/{link['id']}")).status == 404
    assert len((await look(client))["links"]) == 1


async def person(world: World, **who: str) -> Account:
    return await world.services.accounts.create(who["name"], PASSWORD, who["name"].title(), who.get("email"))


async def test_people_come_in_by_account_or_e_mail_as_visitors(world: World) -> None:
    project = await world.shared(world.ada, "site")
    client = await world.program(world.ada)
    await person(world, name="eve")
    await person(world, name="sam", email="Sam@Example.org")
    by_name = await (await client.post(f"{ACCESS}/people", json={"account": "eve"})).json()
    world.clock.advance(1)
    by_email = await (await client.post(f"{ACCESS}/people", json={"email": "sam@example.ORG "})).json()
    assert (by_name["account"], by_name["display_name"], by_name["email"]) == ("eve", "Eve", None)
    assert (by_email["account"], by_email["email"]) == (None, "sam@example.org")
    assert [entry["id"] for entry in (await look(client))["people"]] == [by_name["id"], by_email["id"]]
    entrances = world.services.access.entrances
    for name, source in (("eve", by_name), ("sam", by_email)):
        account = await world.services.accounts.by_name(name)
        assert account is not None
        token = await world.services.tokens.verify(await world.token(account, "read"))
        ground = await entrances.ground_of(token, place_of(project))
        assert (ground.kind.value, str(ground.source_id)) == ("person", source["id"])
    for body, status in (
        ({"account": "eve"}, 409),
        ({"account": "nobody"}, 404),
        ({"email": "sam"}, 422),
        ({}, 422),
        ({"account": "eve", "email": "a@b.cd"}, 422),
    ):
        assert (await client.post(f"{ACCESS}/people", json=body)).status == status


async def test_each_change_is_in_the_audit_log_without_secrets(world: World) -> None:
    await world.shared(world.ada, "site")
    client = await world.program(world.ada)
    link = await (await client.post(f"{ACCESS}/links", json={"label": "L"})).json()
    code = await (await client.post(f"{ACCESS}/code", json={})).json()
    await client.post(f"{ACCESS}/password", json={"password": "not to be written"})
    await client.post(f"{ACCESS}/people", json={"email": "sam@example.org"})
    await client.patch(ACCESS, json={"public": True})
    for path in (f"links/{link['id']}", "code", "password", "grants"):
        await client.delete(f"{ACCESS}/{path}")
    entries = [entry for entry in await world.services.audit.list(50) if entry.action.startswith("access.")]
    assert sorted(entry.action.removeprefix("access.") for entry in entries) == sorted([
        "link_made", "code_made", "password_set", "person_added", "policy", "link_removed", "code_removed",
        "password_removed", "revoked",
    ])  # fmt: skip
    written = str([entry.detail for entry in entries])
    for secret in (link["url"].rpartition("/")[2], code["code"], "not to be written"):
        assert secret not in written
    assert {entry.actor for entry in entries} == {world.ada.id}


async def test_members_are_told_that_something_changed_and_managers_who_came(world: World) -> None:
    project = await world.shared(world.ada, "site")
    client = await world.program(world.ada)
    async with world.bus.subscribe("events") as events:
        link = await (await client.post(f"{ACCESS}/links", json={"label": "L"})).json()
        changed = await anext(events)
        assert (changed.kind, changed.data["what"], changed.data["name"]) == ("access.changed", "links", "site")
        await enter_by_link(world, project, link["url"])
        entered = await anext(events)
    assert (entered.kind, entered.data["account_id"]) == ("access.entered", str(world.ada.id))
    assert (entered.data["kind"], entered.data["who"], entered.data["owner"]) == ("link", "L", "ada")


async def test_when_they_were_last_seen_is_written_down_later(world: World) -> None:
    project = await world.shared(world.ada, "site")
    client = await world.program(world.ada)
    link = await (await client.post(f"{ACCESS}/links", json={})).json()
    grant = await enter_by_link(world, project, link["url"])
    (before,) = (await look(client))["grants"]
    world.clock.advance(600)
    world.services.access.visits.note(grant)
    await world.services.access.visits.flush()
    (after,) = (await look(client))["grants"]
    assert before["last_seen"] < after["last_seen"]
    assert (after["since"], after["address"], after["user_agent"]) == (before["since"], "203.0.113.9", "Mozilla/5.0")


async def test_what_is_over_is_swept(world: World) -> None:
    project = await world.shared(world.ada, "site")
    client = await world.program(world.ada)
    link = await (await client.post(f"{ACCESS}/links", json={"expires_in": 3600})).json()
    await client.post(f"{ACCESS}/code", json={"expires_in": 3600})
    await enter_by_link(world, project, link["url"])
    world.clock.advance(3600)
    seen = await look(client)
    assert (seen["links"], seen["code"], seen["grants"]) == ([], None, [])
    await world.services.access.visits.sweep()
    async with world.services.database.connection() as connection:
        for table in ("access_links", "access_codes", "access_grants"):
            assert await connection.fetchval(f"select count(*) from {table}") == 0
