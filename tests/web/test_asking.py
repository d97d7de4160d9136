"""Asking to be let in: who hears of it, who may answer, and how whoever asked gets in."""

import pytest

from firefly.access import Visitor
from firefly.projects import Role

from .test_access import ACCESS, look, person, place_of
from .test_previews import cookie, host_of, value
from .visitors import ask, code_of, link_of, nowhere, plain, verified, visitor
from .world import World


async def test_asking_is_limited(world: World) -> None:
    await world.shared(world.ada, "site")
    for number, host in enumerate((host_of(world), nowhere(world))):
        client = visitor(world, host, f"203.0.113.{number}")
        statuses = [
            (await client.post("/.firefly/ask", data={"name": "Sam"}, allow_redirects=False)).status for _ in range(6)
        ]
        assert statuses == [303] * 5 + [429]


async def test_who_is_allowed_lands_where_he_wanted_to_go(world: World) -> None:
    project = await world.shared(world.ada, "site")
    owner = await world.program(world.ada)
    async with world.bus.subscribe("events") as events:
        browser, sent = await ask(world, host_of(world), message="to\nreview \u202eit", to="/pricing?x=1")
        told = await anext(events)
    assert sent.headers["Location"] == "/.firefly/asked?to=%2Fpricing%3Fx%3D1"
    (request,) = (await look(owner))["requests"]
    assert (told.kind, told.data["account_id"]) == ("access.requested", str(world.ada.id))
    assert isinstance(told.data["request"], dict)
    assert told.data["request"]["id"] == request["id"]
    assert (request["name"], request["message"], request["path"]) == ("Sam", "to review it", "/pricing?x=1")
    waiting = await browser.get("/.firefly/asked", allow_redirects=False)
    assert waiting.status == 200
    assert 'http-equiv="refresh"' in await waiting.text()
    answered = await owner.post(f"{ACCESS}/requests/{request['id']}", json={"answer": "allow", "hours": 2})
    assert await answered.json() == {"state": "allowed", "code": None}
    entered = await browser.get("/.firefly/asked", allow_redirects=False)
    assert (entered.status, entered.headers["Location"]) == (303, "/pricing?x=1")
    assert verified(world, entered, project)
    assert "Max-Age=7200" in cookie(entered, "__Host-firefly-grant")
    seen = await look(owner)
    assert seen["requests"] == []
    assert [(grant["kind"], grant["who"]) for grant in seen["grants"]] == [("request", "Sam")]
    again = await browser.get("/.firefly/asked", allow_redirects=False)
    assert again.status == 200
    assert (await owner.post(f"{ACCESS}/requests/{request['id']}", json={"answer": "allow"})).status == 404


async def test_what_waits_is_listed_for_those_who_may_answer(world: World) -> None:
    mine, helped, seen = [await world.shared(who, name) for who, name in
                          ((world.ada, "site"), (world.bob, "shop"), (world.bob, "blog"))]  # fmt: skip
    await world.join(helped, world.ada, Role.MAINTAINER)
    await world.join(seen, world.ada, Role.EDITOR)
    for name, whose in (("blog", "bob"), ("shop", "bob"), ("site", "ada")):
        await ask(world, f"{name}--{whose}.{world.settings.content_domain}", to=f"/{name}")
        world.clock.advance(1)
    owner = await world.program(world.ada)
    listed = (await (await owner.get("/api/v1/access/requests")).json())["items"]
    assert [(one["project_id"], one["owner"], one["name"]) for one in listed] == [
        (str(helped.id), "bob", "shop"),
        (str(mine.id), "ada", "site"),
    ]
    assert [one["request"]["path"] for one in listed] == ["/shop", "/site"]
    path = f"/api/v1/projects/bob/shop/access/requests/{listed[0]['request']['id']}"
    assert (await owner.post(path, json={"answer": "deny"})).status == 200
    listed = (await (await owner.get("/api/v1/access/requests")).json())["items"]
    assert [one["name"] for one in listed] == ["site"]


async def test_what_is_no_text_does_no_harm(world: World) -> None:
    project = await world.shared(world.ada, "site")
    path, requests = await link_of(world), world.services.access.requests
    odd, place = Visitor("203.0.113.9", "Agent\udcff\x00 \u202e1" + "x" * 500), place_of(project)
    assert await world.services.access.entrances.by_link(path.rpartition("/")[2], place, odd)
    await requests.ask(place, odd, name="S\x00am\udcff", message="\u202e", path="/")
    await requests.settled()
    seen = await look(await world.program(world.ada))
    assert (seen["requests"][0]["name"], seen["requests"][0]["message"]) == ("S am", "")
    assert {entry["user_agent"] for entry in seen["requests"] + seen["grants"]} == {"Agent 1" + "x" * 193}


async def test_a_request_that_cannot_be_written_does_not_end_those_that_follow(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await world.shared(world.ada, "site")
    requests, somebody = world.services.access.requests, Visitor("203.0.113.9", "")
    with monkeypatch.context() as broken:
        broken.setattr(requests, "_keep", lambda asked: 1 / 0)
        await requests.ask(place_of(project), somebody, name="Sam", message="", path="/")
        await requests.settled()
    await requests.ask(place_of(project), somebody, name="Eve", message="", path="/")
    await requests.settled()
    assert [entry["name"] for entry in (await look(await world.program(world.ada)))["requests"]] == ["Eve"]


async def test_a_denial_looks_like_no_answer(world: World) -> None:
    await world.shared(world.ada, "site")
    owner = await world.program(world.ada)
    browser, _ = await ask(world, host_of(world))
    before = await browser.get("/.firefly/asked?to=/")
    (request,) = (await look(owner))["requests"]
    assert (await owner.post(f"{ACCESS}/requests/{request['id']}", json={"answer": "deny"})).status == 200
    after = await browser.get("/.firefly/asked?to=/")
    assert (plain(before), await before.text()) == (plain(after), await after.text())


async def test_a_request_is_answered_with_a_code_that_is_good_once(world: World) -> None:
    project = await world.shared(world.ada, "site")
    owner = await world.program(world.ada)
    own = await code_of(world)
    await ask(world, host_of(world))
    (request,) = (await look(owner))["requests"]
    answered = await owner.post(f"{ACCESS}/requests/{request['id']}", json={"answer": "code"})
    code = (await answered.json())["code"]
    client = visitor(world, host_of(world))
    entered = await client.post("/.firefly/code", data={"code": code}, allow_redirects=False)
    assert verified(world, entered, project)
    assert (await client.post("/.firefly/code", data={"code": code}, allow_redirects=False)).status == 403
    assert (await client.post("/.firefly/code", data={"code": own}, allow_redirects=False)).status == 303
    assert sorted(str(grant["who"]) for grant in (await look(owner))["grants"]) == ["None", "Sam"]


async def test_requests_wait_for_a_day_and_not_too_many(world: World) -> None:
    await world.shared(world.ada, "site")
    owner = await world.program(world.ada)
    for number in range(25):
        client = visitor(world, host_of(world), f"203.0.113.{number}")
        assert (await client.post("/.firefly/ask", data={"name": "Sam"}, allow_redirects=False)).status == 303
    await world.services.access.requests.settled()
    assert len((await look(owner))["requests"]) == 20
    world.clock.advance(24 * 3600)
    assert (await look(owner))["requests"] == []


async def test_an_answer_is_for_the_browser_and_host_that_asked(world: World) -> None:
    await world.shared(world.ada, "site")
    await world.shared(world.ada, "other")
    owner = await world.program(world.ada)
    browser, sent = await ask(world, host_of(world))
    (request,) = (await look(owner))["requests"]
    await owner.post(f"{ACCESS}/requests/{request['id']}", json={"answer": "allow"})
    kept = f"__Host-firefly-asked={value(cookie(sent, '__Host-firefly-asked'))}"
    elsewhere = await visitor(world, host_of(world, "other"), Cookie=kept).get("/.firefly/asked", allow_redirects=False)
    stranger = await visitor(world, host_of(world), Cookie="__Host-firefly-asked=guess").get("/.firefly/asked")
    assert (elsewhere.status, stranger.status) == (200, 200)
    assert (await browser.get("/.firefly/asked", allow_redirects=False)).status == 303


async def test_maintainers_hear_of_requests_and_answer_and_others_do_not(world: World) -> None:
    project = await world.shared(world.ada, "site")
    await world.join(project, world.bob, Role.MAINTAINER)
    eve = await person(world, name="eve")
    await world.join(project, eve, Role.EDITOR)
    async with world.bus.subscribe("events") as events:
        await ask(world, host_of(world))
        told = {(await anext(events)).data["account_id"] for _ in range(2)}
    assert told == {str(world.ada.id), str(world.bob.id)}
    bob = await world.program(world.bob)
    (request,) = (await look(bob))["requests"]
    path = f"{ACCESS}/requests/{request['id']}"
    assert (await (await world.program(eve)).post(path, json={"answer": "allow"})).status == 403
    assert (await bob.post(path, json={"answer": "allow"})).status == 200
