"""What machines ask: alive, ready, numbers, keys; and the document of the API."""

import re
from collections import defaultdict
from typing import Any, cast

import jwt
import pytest

from firefly.store import Database
from firefly.web.api import OPERATIONS
from firefly.web.openapi import openapi, plain_path

from .world import World


async def test_alive_and_ready(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = world.client()
    assert await (await client.get("/healthz")).json() == {"status": "ok"}
    assert (await client.get("/readyz")).status == 200
    # All servers have one store: that it is away is told, and no reason to go to another.
    world.artifacts.available = False
    limping = await client.get("/readyz")
    assert (limping.status, (await limping.json())["artifacts"]) == (200, "away")
    monkeypatch.setattr(Database, "available", property(lambda _: False))
    away = await client.get("/readyz")
    assert (away.status, (await away.json())["database"]) == (503, "away")
    assert (await client.get("/healthz")).status == 200


async def test_sessions_can_be_checked_by_the_published_keys(world: World) -> None:
    published = jwt.PyJWKSet.from_dict(await (await world.client().get("/.well-known/jwks.json")).json())
    cookies = await world.services.sessions.open(world.ada, user_agent="", address=None)
    key = published[jwt.get_unverified_header(cookies.access)["kid"]]
    claims: dict[str, Any] = jwt.decode(cookies.access, key, algorithms=["EdDSA"], options={"verify_aud": False})
    assert claims["name"] == "ada"


async def test_an_authority_sees_the_proof_that_is_offered_and_no_other(world: World) -> None:
    cast(dict[str, str], world.services.proofs)["token"] = "token.thumbprint"
    client = world.client()
    shown = await client.get("/.well-known/acme-challenge/token")
    assert (shown.status, await shown.text()) == (200, "token.thumbprint")
    assert (await client.get("/.well-known/acme-challenge/other")).status == 404


async def test_every_answer_carries_the_request_id_of_the_front_door(world: World) -> None:
    client = world.client()
    given = await client.get("/healthz", headers={"X-Request-Id": "0123456789abcdef"})
    assert given.headers["X-Request-Id"] == "0123456789abcdef"
    for hostile in ("short", "x" * 100, "a b c d e f g h", "<script>alert</script>"):
        made = await client.get("/healthz", headers={"X-Request-Id": hostile})
        assert made.headers["X-Request-Id"] != hostile


async def test_the_document_describes_every_route_that_answers(world: World) -> None:
    document = await (await world.client().get("/api/v1/openapi.json")).json()
    served = {
        (route.method, route.resource.canonical.removeprefix("/api/v1"))
        for route in world.server.app.router.routes()
        if route.resource is not None and route.resource.canonical.startswith("/api/v1/")
        if route.method != "HEAD" and not route.resource.canonical.endswith("openapi.json")
    }
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert described == served == {(op.method, plain_path(op.path)) for op in OPERATIONS}


def test_every_reference_in_the_document_leads_somewhere() -> None:
    document = openapi(OPERATIONS)
    schemas = document["components"]["schemas"]

    def walk(value: object) -> None:
        if isinstance(value, dict):
            if isinstance(reference := value.get("$ref"), str):
                assert reference.rpartition("/")[2] in schemas
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(document)
    ids = [item["operationId"] for path in document["paths"].values() for item in path.values()]
    assert len(ids) == len(set(ids))


async def test_calls_without_a_credential_are_closed_unless_declared_open(world: World) -> None:
    client = world.client()
    values = defaultdict(lambda: "1", owner="ada", name="x", path="a")
    for operation in OPERATIONS:
        path = re.sub(r"\{(\w+)\}", lambda found: values[found[1]], plain_path(operation.full_path))
        response = await client.request(operation.method, path, json={})
        assert response.status in ({200, 404, 422} if operation.public else {401}), (operation.method, path)
