"""Everything that gives or takes a way in is in the audit log, with the address, and without the secret."""

import pytest

from firefly.audit import Entry
from firefly.auth import FIRST_ADMINISTRATOR, SIGN_IN

from .world import PASSWORD, World


async def newest(world: World, number: int = 1) -> list[Entry]:
    """The newest entries, oldest first."""
    return list(reversed(await world.services.audit.list(number)))


async def told(world: World, number: int = 1) -> list[tuple[str | None, str, str]]:
    return [(entry.actor_name, entry.action, entry.resource) for entry in await newest(world, number)]


@pytest.mark.parametrize("as_form", [True, False])
async def test_signing_in_by_password_and_failing_to(world: World, *, as_form: bool) -> None:
    client = world.client(Origin=world.settings.url)

    async def submit(name: str, password: str) -> int:
        fields = {"name": name, "password": password}
        sent = client.post("/auth/sign-in", data=fields if as_form else None, json=None if as_form else fields,
                           allow_redirects=False)  # fmt: skip
        return (await sent).status

    assert await submit("ada", PASSWORD) in {204, 303}
    assert await submit("ada", "not the one at all") == 401
    assert await submit("my-secret-password", "ada") == 401

    assert await told(world, 3) == [
        ("ada", "session.opened", "account:ada"),
        (None, "session.refused", "account:ada"),
        (None, "session.refused", "account:unknown"),
    ]
    entries = await newest(world, 3)
    assert all(entry.address for entry in entries)
    assert PASSWORD not in repr(entries)
    assert "not the one at all" not in repr(entries)
    assert "my-secret-password" not in repr(entries)


async def test_attempts_that_are_not_even_looked_at_do_not_fill_the_log(world: World) -> None:
    client = world.client(Origin=world.settings.url)
    statuses = [
        (await client.post("/auth/sign-in", json={"name": "ada", "password": "guess guess guess"})).status
        for _ in range(15)
    ]

    assert statuses.count(429) > 0
    assert len(await world.services.audit.list()) == statuses.count(401)


async def test_signing_in_by_link_and_choosing_a_password(world: World) -> None:
    links = world.services.links
    link = await links.create(SIGN_IN, account_id=world.bob.id, lifetime=60)
    client = world.client(Origin=world.settings.url)
    form = {"password": "a new long password"}
    assert (await client.post(f"/auth/link/{link}", data=form, allow_redirects=False)).status == 303

    assert await told(world, 2) == [
        ("bob", "account.password", "account:bob"),
        ("bob", "session.opened", "account:bob"),
    ]
    assert [entry.detail for entry in await newest(world, 2)] == [{"by": "link"}, {"by": "link"}]
    assert link not in repr(await newest(world, 2))


async def test_the_first_administrator(world: World) -> None:
    async with world.services.database.connection() as connection:
        await connection.execute("update accounts set is_administrator = false")
    link = await world.services.links.create(FIRST_ADMINISTRATOR, lifetime=60)
    form = {"name": "grace", "password": "a new long password"}
    client = world.client(Origin=world.settings.url)
    assert (await client.post(f"/auth/link/{link}", data=form, allow_redirects=False)).status == 303

    assert await told(world, 2) == [
        ("grace", "account.create", "account:grace"),
        ("grace", "session.opened", "account:grace"),
    ]


async def test_signing_out_here_there_and_everywhere(world: World) -> None:
    here, there = await world.browser(world.ada), await world.browser(world.ada)
    sessions = await world.services.sessions.list(world.ada.id)
    assert (await there.post("/auth/sign-out", allow_redirects=False)).status == 303
    remaining = {item.id for item in await world.services.sessions.list(world.ada.id)}
    assert len(sessions) == 2
    assert (await here.delete(f"/api/v1/sessions/{remaining.pop()}")).status == 204
    client = await world.browser(world.ada)
    assert (await client.post("/auth/sign-out-everywhere", allow_redirects=False)).status == 303
    assert (await (await world.program(world.ada)).delete("/api/v1/sessions")).status == 204

    closed, all_closed = (("ada", f"session.{verb}", "account:ada") for verb in ("closed", "all_closed"))
    assert await told(world, 4) == [closed, closed, all_closed, all_closed]


async def test_changing_the_password_and_failing_to(world: World) -> None:
    client = await world.browser(world.ada)
    body = {"password": "a new long password", "current_password": "not the one at all"}
    assert (await client.patch("/api/v1/me", json=body)).status == 401
    assert (await client.patch("/api/v1/me", json={**body, "current_password": PASSWORD})).status == 200

    assert await told(world, 2) == [
        (None, "session.refused", "account:ada"),
        ("ada", "account.password", "account:ada"),
    ]


async def test_tokens_made_and_revoked(world: World) -> None:
    client = await world.program(world.ada)
    made = await (await client.post("/api/v1/tokens", json={"name": "ci", "scopes": ["read", "git"]})).json()
    assert (await client.delete(f"/api/v1/tokens/{made['id']}")).status == 204

    resource = f"token:{made['id']}"
    assert await told(world, 2) == [("ada", "token.created", resource), ("ada", "token.revoked", resource)]
    for entry in await newest(world, 2):
        assert entry.detail == {"name": "ci", "scopes": ["git", "read"], "expires_at": None}
        assert made["token"] not in repr(entry)


async def test_a_token_that_is_refused_is_not_written_down_as_made(world: World) -> None:
    client = await world.program(world.bob, "write")
    assert (await client.post("/api/v1/tokens", json={"name": "ci", "scopes": ["admin"]})).status == 422
    assert (await client.delete(f"/api/v1/tokens/{world.ada.id}")).status == 404

    assert await world.services.audit.list() == []
