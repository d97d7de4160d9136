"""Who am I, where am I signed in, which tokens do I have; and the administrators' lists."""

import pytest

from .world import PASSWORD, World


async def test_me_tells_account_and_credential(world: World) -> None:
    body = await (await (await world.program(world.bob, "read")).get("/api/v1/me")).json()
    assert (body["account"]["name"], body["via"], body["scopes"]) == ("bob", "token", ["read"])
    assert (await (await (await world.browser(world.bob)).get("/api/v1/me")).json())["via"] == "session"


@pytest.mark.parametrize(
    "field", ["Bearer wrong", "Bearer ", "Basic !!!", "Basic YQ==", "Digest x", "Bearer " + "x" * 5000, "nonsense"]
)
async def test_a_credential_that_is_not_good_is_refused_even_where_none_is_needed(world: World, field: str) -> None:
    response = await world.client(Authorization=field).get("/api/v1/templates")
    assert response.status == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert (await response.json())["type"] == "urn:firefly:unauthenticated"


async def test_a_token_is_made_with_scopes_that_its_maker_holds(world: World) -> None:
    client = await world.program(world.ada, "write")
    made = await client.post("/api/v1/tokens", json={"name": "ci", "scopes": ["read"], "expires_in": 60})
    body = await made.json()
    assert made.status == 201
    assert body["expires_at"] is not None
    assert (await world.services.tokens.verify(body["token"])).scopes == {"read"}
    refused = await client.post("/api/v1/tokens", json={"name": "ci", "scopes": ["admin"]})
    assert refused.status == 422
    assert (await refused.json())["field"] == "scopes"


async def test_who_may_write_lends_the_sight_of_a_preview(world: World) -> None:
    wanted = {"name": "monitor", "scopes": ["preview:ada/engine"], "expires_in": 60}
    made = await (await world.program(world.bob, "write")).post("/api/v1/tokens", json=wanted)
    assert (made.status, (await made.json())["scopes"]) == (201, wanted["scopes"])
    refused = await (await world.program(world.bob, "read")).post("/api/v1/tokens", json=wanted)
    assert refused.status == 403


async def test_a_token_makes_none_that_outlives_it(world: World) -> None:
    lent = await (await (await world.program(world.bob)).post(
        "/api/v1/tokens", json={"name": "lent", "scopes": ["write"], "expires_in": 60}
    )).json()  # fmt: skip
    client = world.client(Authorization=f"Bearer {lent['token']}")
    for life in ({}, {"expires_in": 61}, {"expires_at": "2099-01-01T00:00:00Z"}):
        refused = await client.post("/api/v1/tokens", json={"name": "kept", "scopes": ["write"], **life})
        assert refused.status == 422
        assert (await refused.json())["field"] == "expires_at"
    shorter = await client.post("/api/v1/tokens", json={"name": "step", "scopes": ["read"], "expires_in": 30})
    assert shorter.status == 201


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["everything"]},
        {"name": "x", "expires_in": -1},
        {"name": "x", "expires_at": "2001-01-01T00:00:00Z"},
    ],
)
async def test_a_token_that_breaks_a_rule_is_refused(world: World, body: dict[str, object]) -> None:
    client = await world.program(world.ada)
    assert (await client.post("/api/v1/tokens", json=body)).status == 422


async def test_tokens_are_listed_without_their_secret_and_revoked_by_their_owner(world: World) -> None:
    client, other = await world.program(world.ada), await world.program(world.bob)
    made = await (await client.post("/api/v1/tokens", json={"name": "ci"})).json()
    listed = await (await client.get("/api/v1/tokens")).text()
    assert made["id"] in listed
    assert made["token"] not in listed
    assert (await other.delete(f"/api/v1/tokens/{made['id']}")).status == 404
    assert (await client.delete(f"/api/v1/tokens/{made['id']}")).status == 204
    assert (await world.client(Authorization=f"Bearer {made['token']}").get("/api/v1/me")).status == 401


async def test_sessions_are_listed_and_closed_one_by_one(world: World) -> None:
    here, there = await world.browser(world.ada), await world.browser(world.ada)
    listed = (await (await here.get("/api/v1/sessions")).json())["items"]
    assert len(listed) == 2
    (other,) = [item["id"] for item in listed if not item["current"]]
    world.clock.advance(1)
    assert (await here.delete(f"/api/v1/sessions/{other}")).status == 204
    assert (await there.get("/api/v1/me")).status == 401
    assert (await here.get("/api/v1/me")).status == 200
    stranger = await world.browser(world.bob)
    assert (await stranger.delete(f"/api/v1/sessions/{other}")).status == 404


async def test_a_password_is_changed_by_who_knows_the_old_one(world: World) -> None:
    here, there = await world.browser(world.ada), await world.browser(world.ada)
    new = {"password": "a new long password", "current_password": "not the old one"}
    assert (await here.patch("/api/v1/me", json=new)).status == 401
    world.clock.advance(1)
    assert (await here.patch("/api/v1/me", json={**new, "current_password": PASSWORD})).status == 200
    assert (await there.get("/api/v1/me")).status == 401
    account = await world.services.accounts.authenticate("ada", "a new long password", None)
    assert account.id == world.ada.id


async def test_a_display_name_is_changed_seen_at_once_and_audited(world: World) -> None:
    here, there = await world.browser(world.ada), await world.browser(world.ada)
    changed = await here.patch("/api/v1/me", json={"display_name": "  Ada, Countess of Lovelace "})
    assert (changed.status, (await changed.json())["account"]["display_name"]) == (200, "Ada, Countess of Lovelace")
    for browser in (here, there):
        assert (await (await browser.get("/api/v1/me")).json())["account"][
            "display_name"
        ] == "Ada, Countess of Lovelace"
    (entry, *_) = (await (await (await world.program(world.ada)).get("/api/v1/audit")).json())["items"]
    assert (entry["actor"], entry["action"], entry["resource"]) == ("ada", "account.display_name", "account:ada")
    assert entry["detail"] == {"from": world.ada.display_name, "to": "Ada, Countess of Lovelace"}
    account = await world.services.accounts.authenticate("ada", PASSWORD, None)
    assert account.display_name == "Ada, Countess of Lovelace"


@pytest.mark.parametrize(
    "name", ["", "   ", "x" * 81, "a\nb", "bell\a", "\u200b", "\u202eevil", 7, ["Ada"]]
)  # nothing, blanks, too long, a line, a control character, nothing to see, turned round, not text
async def test_a_display_name_that_breaks_a_rule_is_refused(world: World, name: object) -> None:
    browser = await world.browser(world.ada)
    response = await browser.patch("/api/v1/me", json={"display_name": name})
    assert response.status == 422
    assert "display_name" in await response.text()
    assert (await (await browser.get("/api/v1/me")).json())["account"]["display_name"] == world.ada.display_name


@pytest.mark.parametrize("name", ["x" * 80, "علی\u200cرضا", "O'Neil-Śmith 🦋"])
async def test_names_of_all_the_world_are_taken(world: World, name: str) -> None:
    response = await (await world.browser(world.ada)).patch("/api/v1/me", json={"display_name": name})
    assert (await response.json())["account"]["display_name"] == name


async def test_name_and_password_are_changed_together_or_not_at_all(world: World) -> None:
    browser = await world.browser(world.ada)
    weak = {"display_name": "Countess", "password": "short", "current_password": PASSWORD}
    wrong = {"display_name": "Countess", "password": "a new long password", "current_password": "not the old one"}
    for body, status in ((weak, 422), (wrong, 401), ({}, 422), ({"current_password": PASSWORD}, 422)):
        assert (await browser.patch("/api/v1/me", json=body)).status == status
    assert (await world.services.accounts.get(world.ada.id)).display_name == world.ada.display_name
    both = {**wrong, "current_password": PASSWORD}
    assert (await browser.patch("/api/v1/me", json=both)).status == 200
    account = await world.services.accounts.authenticate("ada", "a new long password", None)
    assert account.display_name == "Countess"


async def test_a_token_that_may_only_write_changes_no_name(world: World) -> None:
    client = await world.program(world.ada, "write")
    assert (await client.patch("/api/v1/me", json={"display_name": "Robot"})).status == 403
    assert (await world.services.accounts.get(world.ada.id)).display_name == world.ada.display_name


async def test_administrators_make_accounts_and_hand_out_links(world: World) -> None:
    client = await world.program(world.ada)
    made = await client.post("/api/v1/users", json={"name": "grace"})
    body = await made.json()
    assert made.status == 201
    assert body["sign_in_url"].startswith(f"{world.settings.url}/auth/link/")
    names = [item["name"] for item in (await (await client.get("/api/v1/users")).json())["items"]]
    assert names == ["ada", "bob", "grace"]
    raised = await client.patch("/api/v1/users/grace", json={"is_administrator": True})
    assert (await raised.json())["is_administrator"] is True
    assert (await client.patch("/api/v1/users/nobody", json={"is_administrator": True})).status == 404
    entries = (await (await client.get("/api/v1/audit", params={"limit": "2"})).json())["items"]
    assert [(entry["actor"], entry["action"]) for entry in entries] == [
        ("ada", "account.role"),
        ("ada", "account.create"),
    ]


@pytest.mark.parametrize(
    "name", ["", "Ada", "ada ", "a--b", "-a", "ä", "me", "x" * 40, "ada"]
)  # empty, capitals, space, hyphens, not ASCII, reserved, too long, taken
async def test_bad_names_of_accounts_are_refused(world: World, name: str) -> None:
    response = await (await world.program(world.ada)).post("/api/v1/users", json={"name": name})
    assert response.status in {409, 422}
    assert (await response.json())["field"] == "name"


async def test_the_administrators_calls_are_closed_to_others(world: World) -> None:
    for client in (await world.program(world.bob), await world.program(world.ada, "write")):
        for method, path in (("GET", "users"), ("POST", "users"), ("GET", "audit"), ("PATCH", "users/bob")):
            assert (await client.request(method, f"/api/v1/{path}", json={})).status == 403


async def test_the_last_administrator_stays_one(world: World) -> None:
    client = await world.program(world.ada)
    response = await client.patch("/api/v1/users/ada", json={"is_administrator": False})
    assert response.status == 409
