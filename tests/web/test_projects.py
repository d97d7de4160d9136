"""Projects by the API: what goes in, what comes out, and what is refused with which problem."""

import io
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from firefly.errors import InvalidInput, LimitReached, NameTaken, SandboxFailed, StorageFull
from firefly.projects import JobState, Visibility

from .twins import make_job
from .world import World

JSON = {"Content-Type": "application/json"}
STATIC = {"name": "site", "template": "static"}


async def test_a_project_is_created_and_its_addresses_are_told(world: World) -> None:
    client = await world.program(world.ada)
    response = await client.post("/api/v1/projects", json=STATIC)
    body = await response.json()
    assert response.status == 201
    assert (body["owner"], body["name"], body["role"]) == ("ada", "site", "owner")
    assert body["urls"] == {
        "editor": f"{world.settings.url}/app/ada/site",
        "preview": f"http://site--ada.{world.settings.content_domain}",
        "git": f"{world.settings.url}/git/ada/site.git",
    }
    assert response.headers["Location"] == "/api/v1/projects/ada/site"


async def test_an_import_is_accepted_with_a_job_to_watch(world: World) -> None:
    world.projects.job = make_job(world.ada)
    client = await world.program(world.ada)
    response = await client.post("/api/v1/projects", json={"name": "copy", "git_url": "https://example.com/x.git"})
    body = await response.json()
    assert response.status == 202
    assert body["job"]["state"] == "running"
    assert world.projects.requests[0].git_url == "https://example.com/x.git"


async def test_an_archive_is_stored_and_becomes_a_project(world: World) -> None:
    client = await world.program(world.ada)
    response = await client.post(
        "/api/v1/projects?name=packed&filename=my%20site.zip&visibility=public",
        data=b"PK\x03\x04...",
        headers={"Content-Type": "application/zip"},
    )
    assert response.status == 201
    made = world.projects.requests[0]
    assert world.artifacts.bodies == [b"PK\x03\x04..."]
    assert made.archive is not None
    assert (made.archive.filename, made.visibility) == ("my site.zip", Visibility.PUBLIC)


async def test_an_archive_of_a_refused_request_is_not_kept(world: World) -> None:
    """Else whoever sends one archive after another under a name that is taken fills the disk."""
    world.projects.failure = NameTaken("The name is taken.", field="name")
    client = await world.program(world.bob)
    fields = {"Content-Type": "application/zip"}
    response = await client.post("/api/v1/projects?name=packed&filename=a.zip", data=b"PK\x03\x04", headers=fields)
    assert response.status == 409
    assert world.artifacts.bodies == []


async def test_an_archive_without_a_name_is_refused_before_it_is_read(world: World) -> None:
    client = await world.program(world.ada)
    response = await client.post("/api/v1/projects", data=b"PK", headers={"Content-Type": "application/zip"})
    assert response.status == 422
    assert (await response.json())["field"] == "name"
    assert world.artifacts.bodies == []


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "name"),
        ({"name": "x"}, 422, "template"),
        ({"name": "x", "template": "static", "git_url": "https://example.com/a"}, 422, "template"),
        ({"name": 7, "template": "static"}, 422, "name"),
        ({"name": "n" * 201, "template": "static"}, 422, "name"),
        ({"name": "x", "template": "static", "colour": "red"}, 422, "colour"),
        ({"name": "x", "template": "static", "visibility": "everyone"}, 422, "visibility"),
        ({"name": "x", "git_url": "g" * 2001}, 422, "git_url"),
    ],
)
async def test_a_body_that_breaks_a_rule_names_the_field(
    world: World, body: dict[str, object], status: int, field: str
) -> None:
    client = await world.program(world.ada)
    response = await client.post("/api/v1/projects", json=body)
    problem = await response.json()
    assert response.status == status
    assert response.content_type == "application/problem+json"
    assert problem["type"] == "urn:firefly:invalid-input"
    assert problem["field"] == field
    assert problem["request_id"] == response.headers["X-Request-Id"]
    assert world.projects.requests == []


@pytest.mark.parametrize("raw", [b"{", b"\xff\xfe", b'{"name": "x"', b"{'name': 1}", b"[" * 5000])
async def test_broken_json_is_a_problem_of_its_own(world: World, raw: bytes) -> None:
    client = await world.program(world.ada)
    response = await client.post("/api/v1/projects", data=raw, headers={"Content-Type": "application/json"})
    assert response.status == 400
    assert (await response.json())["type"] == "urn:firefly:malformed"


@pytest.mark.parametrize("raw", [b"[]", b'"text"', b"null", b"7"])
async def test_json_that_is_no_object_is_refused(world: World, raw: bytes) -> None:
    client = await world.program(world.ada)
    response = await client.post("/api/v1/projects", data=raw, headers={"Content-Type": "application/json"})
    assert response.status == 422
    assert (await response.json())["detail"]


async def test_a_body_beyond_the_limit_is_refused_with_and_without_a_length(world: World) -> None:
    client = await world.program(world.ada)
    raw = b'{"name": "' + b"x" * (1 << 20) + b'"}'
    told = await client.post("/api/v1/projects", data=io.BytesIO(raw), headers=JSON)
    assert told.status == 413

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(raw), 1 << 16):
            yield raw[start : start + (1 << 16)]

    untold = await client.post("/api/v1/projects", data=pieces(), headers=JSON)
    assert untold.status == 413
    assert (await untold.json())["type"] == "urn:firefly:too-large"
    # Of fewer bytes, which would take as long to be read as a hundred times as many of text.
    dense = await client.post("/api/v1/projects", data=b"[" + b"[]," * 200_000 + b"[]]", headers=JSON)
    assert dense.status == 413


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (NameTaken("The name is taken."), 409, "name-taken"),
        (InvalidInput("The name is empty.", field="name"), 422, "invalid-input"),
        (LimitReached("You own 100 projects.", limit=100), 403, "limit-reached"),
        (SandboxFailed("It did not start.", output="boom", retry_after=3), 502, "sandbox-failed"),
        (StorageFull("The disk is full."), 507, "storage-full"),
    ],
)
async def test_what_the_rules_say_becomes_a_problem(world: World, error: Exception, status: int, kind: str) -> None:
    world.projects.failure = error
    client = await world.program(world.ada)
    response = await client.post("/api/v1/projects", json=STATIC)
    problem = await response.json()
    assert response.status == status
    assert problem["type"] == f"urn:firefly:{kind}"
    assert problem["detail"] == str(error)


async def test_lists_are_paged_by_cursor(world: World) -> None:
    for number in range(5):
        world.projects.add(world.ada, f"p{number}")
    world.projects.add(world.bob, "not-hers")
    client = await world.program(world.ada)
    names, cursor = [], ""
    while cursor is not None:
        response = await client.get("/api/v1/projects", params={"limit": "2", **({"cursor": cursor} if cursor else {})})
        body = await response.json()
        names += [item["name"] for item in body["items"]]
        cursor = body["next"]
    assert names == ["p0", "p1", "p2", "p3", "p4"]


@pytest.mark.parametrize("limit", ["0", "201", "many", "-1"])
async def test_a_page_size_out_of_range_is_refused(world: World, limit: str) -> None:
    client = await world.program(world.ada)
    response = await client.get("/api/v1/projects", params={"limit": limit})
    assert response.status == 422
    assert (await response.json())["field"] == "limit"


async def test_unknown_and_foreign_projects_look_the_same(world: World) -> None:
    world.projects.add(world.bob, "secret")
    client = await world.program(world.ada)
    foreign = await (await client.get("/api/v1/projects/bob/secret")).json()
    unknown = await (await client.get("/api/v1/projects/bob/nothing")).json()
    for answer in (foreign, unknown):
        del answer["request_id"], answer["instance"]
    assert foreign == unknown


async def test_a_public_project_is_open_to_everyone_and_only_for_reading(world: World) -> None:
    world.projects.add(world.ada, "open", visibility=Visibility.PUBLIC)
    client = world.client()
    assert (await client.get("/api/v1/projects/ada/open")).status == 200
    assert (await client.patch("/api/v1/projects/ada/open", json={"name": "mine"})).status == 401


async def test_a_renamed_project_redirects_with_method_and_body(world: World) -> None:
    world.projects.moved["ada/old"] = "ada/new"
    world.projects.add(world.ada, "new")
    client = await world.program(world.ada)
    shown = await client.get("/api/v1/projects/ada/old/access?x=1", allow_redirects=False)
    assert (shown.status, shown.headers["Location"]) == (308, "/api/v1/projects/ada/new/access?x=1")
    changed = await client.patch("/api/v1/projects/ada/old", json={"description": "followed"})
    assert changed.status == 200
    assert (await changed.json())["description"] == "followed"


async def test_delete_and_restore(world: World) -> None:
    world.projects.add(world.ada, "site")
    client = await world.program(world.ada)
    deleted = await client.delete("/api/v1/projects/ada/site")
    assert (await deleted.json())["deleted_at"] is not None
    restored = await client.post("/api/v1/projects/ada/site/restore")
    assert (await restored.json())["deleted_at"] is None


async def test_templates_are_listed_for_everyone(world: World) -> None:
    response = await world.client().get("/api/v1/templates")
    names = [item["name"] for item in (await response.json())["items"]]
    assert {"static", "vite-react", "express", "flask", "fastapi", "python"} <= set(names)


async def test_members_are_added_changed_and_removed(world: World) -> None:
    world.projects.add(world.ada, "site")
    client = await world.program(world.ada)
    path = "/api/v1/projects/ada/site/members"
    assert (await client.post(path, json={"name": "bob", "role": "viewer"})).status == 201
    assert (await (await client.put(f"{path}/bob", json={"role": "editor"})).json())["role"] == "editor"
    listed = await (await client.get(path)).json()
    assert {item["name"]: item["role"] for item in listed["items"]} == {"ada": "owner", "bob": "editor"}
    assert (await client.delete(f"{path}/bob")).status == 204
    assert (await client.delete(f"{path}/bob")).status == 404
    assert (await client.put(f"{path}/nobody", json={"role": "editor"})).status == 404
    assert (await client.put(f"{path}/bob", json={"role": "king"})).status == 422


async def test_the_visibility_is_one_setting(world: World) -> None:
    world.projects.add(world.ada, "site")
    client = await world.program(world.ada)
    path = "/api/v1/projects/ada/site/access"
    assert (await (await client.get(path)).json())["visibility"] == "members"
    assert (await (await client.put(path, json={"visibility": "public"})).json())["visibility"] == "public"


async def test_jobs_are_watched_and_cancelled(world: World) -> None:
    client = await world.program(world.ada)
    id = world.jobs.job.id
    assert (await (await client.get(f"/api/v1/jobs/{id}")).json())["state"] == "running"
    assert len((await (await client.get("/api/v1/jobs")).json())["items"]) == 1
    assert (await (await client.post(f"/api/v1/jobs/{id}/cancel")).json())["state"] == JobState.CANCELLED
    assert (await client.post(f"/api/v1/jobs/{id}/cancel")).status == 409
    assert (await client.get(f"/api/v1/jobs/{uuid4()}")).status == 404
    assert (await client.get("/api/v1/jobs/not-an-id")).status == 404
