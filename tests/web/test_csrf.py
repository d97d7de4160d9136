"""Other sites cannot act with a visitor's cookies."""

import pytest

from .world import World


@pytest.mark.parametrize(
    ("fields", "allowed"),
    [
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://["}, False),
        ({"Origin": "http://site--ada.preview.localhost"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({}, False),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "APP"}, True),
        ({"Origin": "APP", "Sec-Fetch-Site": "same-origin"}, True),
    ],
)
async def test_changes_by_cookie_need_the_apps_origin(world: World, fields: dict[str, str], allowed: bool) -> None:
    cookies = await world.services.sessions.open(world.ada, user_agent="", address=None)
    sent = {name: value.replace("APP", world.settings.url) for name, value in fields.items()}
    client = world.client(Cookie=f"__Host-firefly-session={cookies.access}", **sent)
    response = await client.post("/api/v1/tokens", json={"name": "made here"})
    assert response.status == (201 if allowed else 403)
    assert len(await world.services.tokens.list(world.ada.id)) == int(allowed)


async def test_reading_by_cookie_needs_no_origin(world: World) -> None:
    cookies = await world.services.sessions.open(world.ada, user_agent="", address=None)
    client = world.client(Cookie=f"__Host-firefly-session={cookies.access}", **{"Sec-Fetch-Site": "cross-site"})
    assert (await client.get("/api/v1/me")).status == 200


async def test_a_token_needs_no_origin(world: World) -> None:
    client = await world.program(world.ada)
    assert (await client.post("/api/v1/tokens", json={"name": "made here"})).status == 201


@pytest.mark.parametrize("path", ["/auth/sign-in", "/auth/sign-out", "/auth/refresh", "/auth/preview"])
@pytest.mark.parametrize("origin", ["https://evil.example", "http://[", "http://a]b"])
async def test_nobody_is_signed_in_or_out_by_another_site(world: World, path: str, origin: str) -> None:
    client = world.client(Origin=origin)
    response = await client.post(path, data={"name": "ada", "password": "x"})
    assert response.status == 403
    assert (await response.json())["type"] == "urn:firefly:forbidden"
