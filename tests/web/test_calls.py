"""Every call of the API, once from each side: who may get through, who is refused, and with what."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from aiohttp.test_utils import TestClient

from firefly.access import Place, Visitor
from firefly.auth import Identity
from firefly.builds.hooks.deliveries import DeliveryState
from firefly.projects import Project, Role
from firefly.web.api import OPERATIONS
from firefly.web.openapi import plain_path
from firefly.web.routing import PREFIX, Operation

from .world import World

UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}


@dataclass(frozen=True)
class Wanted:
    """A request that is all right, and the status of its answer."""

    json: dict[str, Any] | None = None
    data: bytes | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


SUCCESS = {
    "POST /projects": Wanted({"name": "made", "template": "static"}, status=201),
    "PATCH /projects/{owner}/{name}": Wanted({"description": "changed"}),
    "POST /projects/{owner}/{name}/members": Wanted({"name": "bob", "role": "viewer"}, status=201),
    "PUT /projects/{owner}/{name}/members/{member}": Wanted({"role": "editor"}),
    "DELETE /projects/{owner}/{name}/members/{member}": Wanted(status=204),
    "PUT /projects/{owner}/{name}/access": Wanted({"visibility": "public"}),
    "PATCH /projects/{owner}/{name}/access": Wanted({"addresses": ["192.0.2.0/24"]}),
    "POST /projects/{owner}/{name}/access/people": Wanted({"email": "sam@example.org"}, status=201),
    "DELETE /projects/{owner}/{name}/access/people/{id}": Wanted(status=204),
    "POST /projects/{owner}/{name}/access/links": Wanted({"label": "For the customer"}, status=201),
    "DELETE /projects/{owner}/{name}/access/links/{id}": Wanted(status=204),
    "POST /projects/{owner}/{name}/access/code": Wanted({}, status=201),
    "DELETE /projects/{owner}/{name}/access/code": Wanted(status=204),
    "POST /projects/{owner}/{name}/access/password": Wanted({"password": "long enough to be one"}, status=201),
    "DELETE /projects/{owner}/{name}/access/password": Wanted(status=204),
    "DELETE /projects/{owner}/{name}/access/grants/{id}": Wanted(status=204),
    "DELETE /projects/{owner}/{name}/access/grants": Wanted(status=204),
    "POST /projects/{owner}/{name}/access/requests/{id}": Wanted({"answer": "deny"}),
    "POST /projects/{owner}/{name}/sandbox/keep-awake": Wanted({"for": "2h", "reason": "a demonstration"}, status=201),
    "PUT /projects/{owner}/{name}/sandbox/settings": Wanted({"stop": "2h", "memory": "512m"}),
    "POST /projects/{owner}/{name}/checkpoints/{id}/restore": Wanted({"paths": ["index.html"]}),
    "POST /projects/{owner}/{name}/domains": Wanted({"host": "www.example.net"}, status=201),
    "DELETE /projects/{owner}/{name}/domains/{id}": Wanted(status=204),
    "POST /projects/{owner}/{name}/secrets": Wanted({"name": "API_KEY", "value": "k-1"}, status=201),
    "PUT /projects/{owner}/{name}/secrets/{secret}": Wanted({"value": "k-2"}),
    "DELETE /projects/{owner}/{name}/secrets/{secret}": Wanted(status=204),
    "DELETE /projects/{owner}/{name}/workspaces/{member}": Wanted(status=204),
    "PUT /projects/{owner}/{name}/files/{path}": Wanted(data=b"text"),
    "POST /projects/{owner}/{name}/exec": Wanted({"command": "true"}),
    "GET /projects/{owner}/{name}/bridge": Wanted(headers=UPGRADE),
    "POST /projects/{owner}/{name}/builds": Wanted({"ref": "main"}, status=202),
    "PATCH /projects/{owner}/{name}/branches/{branch}": Wanted({"is_demo": True}),
    "PATCH /projects/{owner}/{name}/build-settings": Wanted({"policy": "none"}),
    "POST /builds/{id}/exec": Wanted({"command": "true"}),
    "GET /builds/{id}/bridge": Wanted(headers=UPGRADE),
    "POST /projects/{owner}/{name}/hooks": Wanted({"url": "https://127.0.0.1/called"}, status=201),
    "PATCH /projects/{owner}/{name}/hooks/{id}": Wanted({"active": False}),
    "DELETE /projects/{owner}/{name}/hooks/{id}": Wanted(status=204),
    "POST /projects/{owner}/{name}/hooks/{id}/ping": Wanted(status=202),
    "POST /projects/{owner}/{name}/hooks/{id}/deliveries/{delivery}/redeliver": Wanted(status=202),
    "POST /projects/{owner}/{name}/hook-deliveries/{id}/redeliver": Wanted(status=202),
    # Programs have no session that could come back from the provider's page.
    "POST /connections/{id}/authorize": Wanted({}, status=403),
    "POST /connections": Wanted({"provider": "github", "token": "t-1"}, status=201),
    "POST /imports": Wanted({"provider": "github", "repository": "octo/garden", "name": "garden"}, status=202),
    "POST /imports/{id}/resume": Wanted(status=202),
    "DELETE /imports/{id}": Wanted(status=204),
    "POST /projects/{owner}/{name}/link": Wanted({"provider": "github", "repository": "octo/garden"}, status=202),
    "DELETE /projects/{owner}/{name}/link": Wanted(status=204),
    "POST /projects/{owner}/{name}/link/mend": Wanted(status=202),
    "POST /projects/{owner}/{name}/link/resolve": Wanted({"branch": "main", "choice": "theirs"}),
    "POST /projects/{owner}/{name}/link/pull-requests": Wanted({"head": "main", "title": "Draft"}, status=201),
    "POST /projects/{owner}/{name}/link/join": Wanted(status=201),
    "PATCH /me": Wanted({"password": "a much longer password"}),
    "DELETE /sessions": Wanted(status=204),
    "DELETE /sessions/{id}": Wanted(status=204),
    "POST /tokens": Wanted({"name": "made"}, status=201),
    "DELETE /tokens/{id}": Wanted(status=204),
    "POST /users": Wanted({"name": "grace"}, status=201),
    "PATCH /users/{user}": Wanted({"is_administrator": True}),
}


def name_of(operation: Operation) -> str:
    return f"{operation.method} {plain_path(operation.path)}"


@dataclass
class Addresses:
    """What the placeholders of the paths stand for."""

    values: dict[str, str]

    def of(self, operation: Operation) -> str:
        path = plain_path(operation.path)
        before, _, after = path.partition("/{id}")
        kind = before.rpartition("/")[2]
        return PREFIX + path.format(**self.values, id=self.values.get(kind + after, self.values.get(kind, "")))


@pytest.fixture
async def addresses(world: World) -> Addresses:
    project = await world.shared(world.ada, "site")
    await world.join(project, world.bob, Role.VIEWER)
    world.own.keep(project, world.bob)
    await world.services.sessions.open(world.ada, user_agent="Test", address=None)
    (session,) = await world.services.sessions.list(world.ada.id)
    token, _ = await world.services.tokens.create(world.ada, "to revoke", frozenset({"read"}), None)
    ids = {
        "sessions": str(session.id),
        "tokens": str(token.id),
        "jobs": str(world.jobs.job.id),
        "checkpoints": "1" * 40,
    }
    ids |= await _handed_out(world, project)
    ids |= await _builds(world, project)
    ada = await world.services.tokens.verify(await world.token(world.ada))
    ids["keep-awake"] = str(uuid4())
    ids |= await _connections(world)
    ids |= await _hooks(world, ada, project)
    ids["domains"] = str((await world.services.domains.add(ada, "ada", "site", "www.example.org")).id)
    return Addresses({
        "owner": "ada", "name": "site", "path": "index.html", "member": "bob", "user": "bob",
        "secret": "API_KEY", "part": "logs", **ids,
    })  # fmt: skip


async def _handed_out(world: World, project: Project) -> dict[str, str]:
    """Something of everything that lets people in, to be taken back."""
    token = await world.token(world.ada)
    ada, site = await world.services.tokens.verify(token), ("ada", "site")
    keys, place = world.services.access.keys, Place("site--ada.preview.localhost", project.id, 1)
    person = await keys.add_person(ada, *site, account="bob")
    link, _ = await keys.make_link(ada, *site)
    _, secret = await keys.make_link(ada, *site)
    world.clock.advance(1)
    grant = await world.services.access.entrances.by_link(secret, place, Visitor("192.0.2.9", "Test"))
    assert grant is not None
    await world.services.access.requests.ask(place, Visitor("192.0.2.9", ""), name="Sam", message="", path="/")
    await world.services.access.requests.settled()
    (request,) = (await world.services.access.management.overview(ada, *site)).requests
    return {"people": str(person.id), "links": str(link.id), "grants": str(grant.id), "requests": str(request.id)}


async def _connections(world: World) -> dict[str, str]:
    """One to be ended, and another for what else is done with them."""
    ada = await world.services.tokens.verify(await world.token(world.ada))
    put = world.services.connections.put_token
    ended, kept = [await put(ada, provider, url=None, token="t-1") for provider in ("bitbucket", "gitlab")]
    others = {f"connections/{what}": str(kept.id) for what in ("check", "organisations", "repositories")}
    ids = {"connections": str(ended.id), "connections/authorize": "github", "imports": str(world.jobs.job.id)}
    return ids | others


async def _hooks(world: World, ada: Identity, project: Project) -> dict[str, str]:
    """One that is called, to be removed, another for its calls; and a call of a provider's."""
    ended, kept = [
        (await world.services.hooks.add(ada, "ada", "site", url=f"https://127.0.0.1/{name}"))[0]
        for name in ("ended", "kept")
    ]
    (call,) = await world.services.hooks.deliveries(ada, "ada", "site", kept.id)
    received = await world.received.add(
        project.id, "github", delivery="1", event="star", summary="", body=b"{}", state=DeliveryState.IGNORED
    )
    others = {f"hooks/{what}": str(kept.id) for what in ("ping", "deliveries", "deliveries/{delivery}/redeliver")}
    heard = {f"hook-deliveries/{what}": str(received) for what in ("body", "redeliver")}
    return {"hooks": str(ended.id), "delivery": str(call.id), **others, **heard}


async def _builds(world: World, project: Project) -> dict[str, str]:
    """One for each of what can be done with them."""
    states = {"": "failed", "/retry": "failed", "/approve": "waiting", "/cancel": "queued", "/kill": "queued"}
    ids = {f"builds{action}": str(uuid4()) for action in states}
    async with world.services.database.connection() as connection:
        for number, (action, state) in enumerate(states.items(), start=100):
            await connection.execute(
                "insert into builds (id, project_id, number, ref, commit, trigger, state, created_at, queued_at)"
                " values ($1, $2, $3, $4, $5, 'push', $6, now(), now())",
                ids[f"builds{action}"], project.id, number, f"refs/heads/b{number}", "a" * 40, state,
            )  # fmt: skip
        await connection.execute(
            "insert into build_heads (project_id, ref, commit, seen_at) values ($1, 'refs/heads/b100', $2, now())",
            project.id, "a" * 40,
        )  # fmt: skip
        kept = "insert into build_workspaces values ($1, $2, 'build', now(), 'infinity')"
        await connection.execute(kept, project.workspace_id, ids["builds"])
    return ids | {"builds/exec": ids["builds"], "builds/bridge": ids["builds"], "number": "100", "branch": "b100"}


async def ask(
    client: TestClient[Any, Any], operation: Operation, addresses: Addresses, wanted: Wanted | None = None
) -> int:
    """The status of the answer; a stream is not read."""
    wanted = wanted or SUCCESS.get(name_of(operation), Wanted())
    async with client.request(
        operation.method, addresses.of(operation), json=wanted.json, data=wanted.data, headers=wanted.headers
    ) as response:
        return response.status


async def test_each_does_what_it_is_for(world: World, addresses: Addresses) -> None:
    client = await world.program(world.ada)
    expected = {name_of(operation): SUCCESS.get(name_of(operation), Wanted()).status for operation in OPERATIONS}
    # A new password closes the sessions that others of them list and close.
    ordered = sorted(OPERATIONS, key=lambda operation: operation.method == "PATCH" and operation.path == "/me")
    assert {name_of(operation): await ask(client, operation, addresses) for operation in ordered} == expected
    assert set(SUCCESS) <= set(expected)


async def test_nobody_gets_through_to_what_is_not_public(world: World, addresses: Addresses) -> None:
    client = world.client()
    answers = {name_of(operation): await ask(client, operation, addresses) for operation in OPERATIONS}
    hidden = dict.fromkeys(
        (
            "GET /projects/{owner}/{name}",
            "GET /projects/{owner}/{name}/files/{path}",
            "GET /projects/{owner}/{name}/builds/badge.svg",
        ),
        404,
    )
    assert answers == dict.fromkeys(answers, 401) | hidden | {"GET /templates": 200}
    assert world.projects.requests == []


async def test_a_wrong_token_opens_nothing(world: World, addresses: Addresses) -> None:
    client = world.client(Authorization="Bearer ffp_wrong")
    answers = {name_of(operation): await ask(client, operation, addresses) for operation in OPERATIONS}
    assert answers == dict.fromkeys(answers, 401)


async def test_a_token_that_only_reads_changes_nothing(world: World, addresses: Addresses) -> None:
    client = await world.program(world.ada, "read")
    changing = [operation for operation in OPERATIONS if operation.method != "GET"]
    answers = {name_of(operation): await ask(client, operation, addresses) for operation in changing}
    assert answers == dict.fromkeys(answers, 403)
    assert world.keeper.runs == {}
    assert "site" in (await (await client.get("/api/v1/projects")).text())


async def test_a_viewer_changes_nothing_of_a_project(world: World, addresses: Addresses) -> None:
    client = await world.program(world.bob)
    # Whether one may join is the provider's to say.
    changing = [o for o in OPERATIONS if o.method != "GET" and "{owner}" in o.path and not o.path.endswith("/join")]
    answers = {name_of(operation): await ask(client, operation, addresses) for operation in changing}
    assert answers == dict.fromkeys(answers, 403)
    assert world.keeper.runs == {}


async def test_what_is_not_there_is_not_found(world: World, addresses: Addresses) -> None:
    client = await world.program(world.ada)
    nowhere = Addresses(addresses.values | {"name": "nothing", "user": "nobody", "part": "dust"} | dict.fromkeys(
        ("sessions", "tokens", "jobs", "people", "links", "grants", "requests", "domains", "checkpoints",
         "builds", "builds/retry", "builds/approve", "builds/cancel", "builds/kill",
         "builds/exec", "builds/bridge", "connections", "connections/check", "connections/organisations",
         "connections/repositories", "connections/authorize", "imports"),
        "00000000-0000-4000-8000-000000000000",
    ))  # fmt: skip
    looking = [o for o in OPERATIONS if "{" in o.path]
    answers = {name_of(operation): await ask(client, operation, nowhere) for operation in looking}
    assert answers == dict.fromkeys(answers, 404)


async def test_a_body_that_is_not_what_it_should_be_changes_nothing(world: World, addresses: Addresses) -> None:
    client = await world.program(world.ada)
    taking = [operation for operation in OPERATIONS if operation.body is not None]
    assert len(taking) > 20
    for raw in (b"{", b"\xff", b"[]", b"7", b'{"colour": "red"}', b'{"name": ["x"]}'):
        wanted = Wanted(data=raw, headers={"Content-Type": "application/json"})
        answers = {name_of(operation): await ask(client, operation, addresses, wanted) for operation in taking}
        assert set(answers.values()) <= {400, 422}, (raw, answers)
    assert [account.name for account in await world.services.accounts.list()] == ["ada", "bob"]


async def test_a_method_or_path_that_is_none_is_a_problem_too(world: World) -> None:
    client = await world.program(world.ada)
    for method, path, status in (("DELETE", "me", 405), ("PUT", "projects", 405), ("PATCH", "nothing", 404)):
        response = await client.request(method, f"{PREFIX}/{path}")
        problem = await response.json()
        assert (response.status, response.content_type) == (status, "application/problem+json")
        assert problem["request_id"] == response.headers["X-Request-Id"]
        assert ("Allow" in response.headers) is (status == 405)


async def test_people_get_a_page_and_programs_a_document(world: World) -> None:
    client = await world.program(world.ada)
    for accept, path, kind in (
        ("text/html", "/app/ada/nothing", "text/html"),
        ("*/*", "/app/ada/nothing", "application/problem+json"),
        ("text/html", f"{PREFIX}/projects/ada/nothing", "application/problem+json"),
        ("text/html", "/no-such-page", "text/html"),
        ("application/json", "/no-such-page", "application/problem+json"),
    ):
        response = await client.get(path, headers={"Accept": accept})
        assert (response.status, response.content_type) == (404, kind)


async def test_a_request_id_is_kept_when_it_is_well_formed(world: World) -> None:
    for given, kept in (("front-door-id-1", True), ("short", False), ("x" * 65, False), ("a b c d e f", False)):
        response = await world.client(**{"X-Request-Id": given}).get("/healthz")
        assert (response.headers["X-Request-Id"] == given) is kept
