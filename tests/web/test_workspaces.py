"""Workspaces by the API: the shared one, members' own, and which of them a call is about."""

from firefly.projects import Role

from .bridge import MemoryBridge
from .world import World

BASE = "/api/v1/projects/ada/site"


async def test_one_is_opened_listed_looked_at_and_discarded(world: World) -> None:
    project = world.projects.add(world.ada, "site")
    world.projects.members[project.id][world.bob.id] = Role.EDITOR
    client = await world.program(world.bob)
    opened = await client.post(f"{BASE}/workspaces")
    body = await opened.json()
    assert (opened.status, body["member"], body["job"], body["ready"]) == (200, "bob", None, True)
    assert body["urls"] == {
        "editor": f"{world.settings.url}/app/ada/site?workspace=bob",
        "preview": world.settings.content_url("me-bob--site--ada"),
    }
    listed = (await (await client.get(f"{BASE}/workspaces")).json())["items"]
    assert [one["member"] for one in listed] == [None, "bob"]
    assert (await (await client.get(f"{BASE}/workspaces/bob")).json())["state"] == "stopped"
    world.own.stake = "a draft"
    refused = await client.delete(f"{BASE}/workspaces/bob")
    assert (refused.status, "a draft" in (await refused.json())["detail"]) == (409, True)
    assert (await client.delete(f"{BASE}/workspaces/bob?anyway=true")).status == 204
    assert (await client.get(f"{BASE}/workspaces/bob")).status == 404


async def test_calls_are_about_the_workspace_that_they_name(world: World, bridge: MemoryBridge) -> None:
    project = world.projects.add(world.ada, "site")
    world.projects.members[project.id][world.bob.id] = Role.EDITOR
    client, owner = await world.program(world.bob), await world.program(world.ada)
    await client.post(f"{BASE}/workspaces")
    own = world.own.kept[project.id, "bob"].workspace_id
    world.keeper.ports = (3000,)
    started = await (await client.post(f"{BASE}/sandbox/start?workspace=bob")).json()
    assert started["ports"][0]["url"] == world.settings.content_url("3000--me-bob--site--ada")
    assert set(world.keeper.runs) == {own}
    assert (await client.get(f"{BASE}/files/index.html?workspace=bob")).status == 200
    assert (await client.post(f"{BASE}/exec?workspace=bob", json={"command": "ls"})).status == 200
    # Its member decides what his own sandbox asks for; of the shared one that is for maintainers.
    assert (await client.put(f"{BASE}/sandbox/settings?workspace=bob", json={"stop": "2h"})).status == 200
    assert (await client.put(f"{BASE}/sandbox/settings", json={"stop": "2h"})).status == 403
    assert set(world.keeper.wishes) == {own}
    # Owners see how it does and may stop it, and read nothing in it.
    assert (await (await owner.get(f"{BASE}/sandbox?workspace=bob")).json())["state"] == "running"
    for path in ("files/index.html", "logs", "checkpoints", "bridge"):
        assert (await owner.get(f"{BASE}/{path}?workspace=bob")).status in (403, 422), path
    assert (await owner.post(f"{BASE}/sandbox/stop?workspace=bob")).status == 200
    assert own not in world.keeper.runs
    assert (await client.get(f"{BASE}/files/index.html?workspace=carol")).status == 403


async def test_the_editors_page_is_about_the_workspace_that_its_address_names(world: World) -> None:
    project = world.projects.add(world.ada, "site")
    world.projects.members[project.id][world.bob.id] = Role.EDITOR
    browser = await world.browser(world.bob)
    # Where there is none of his own, and where it is another's, the shared one is shown.
    for member in ("bob", "ada"):
        answer = await browser.get(f"/app/ada/site?workspace={member}", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/app/ada/site")
    world.own.keep(project, world.bob)
    page = await (await browser.get("/app/ada/site?workspace=bob")).text()
    assert ('"workspace": "bob"' in page, world.settings.content_url("me-bob--site--ada") in page) == (True, True)
    assert '"workspace": ""' in await (await browser.get("/app/ada/site")).text()
