"""Signing in by page, link and JSON; sessions that refresh themselves; signing out."""

import asyncio
from http.cookies import SimpleCookie

import pytest
from aiohttp import ClientResponse

from firefly.auth import FIRST_ADMINISTRATOR, SIGN_IN
from firefly.errors import Unauthenticated

from .world import PASSWORD, World

SESSION, REFRESH = "__Host-firefly-session", "__Host-firefly-refresh"


def cookies_of(response: ClientResponse) -> dict[str, str]:
    found: dict[str, str] = {}
    for field in response.headers.getall("Set-Cookie", []):
        parsed = SimpleCookie(field)
        found |= {name: morsel.value for name, morsel in parsed.items()}
    return found


async def test_a_visitor_is_sent_to_the_sign_in_page_and_comes_back_to_where_it_was(world: World) -> None:
    client = world.client(Origin=world.settings.url, Accept="text/html")
    sent = await client.get("/app/ada/site?file=a.txt", allow_redirects=False)
    assert sent.status == 303
    assert sent.headers["Location"] == "/auth/sign-in?next=/app/ada/site?file%3Da.txt"
    page = await client.get(sent.headers["Location"])
    assert 'value="/app/ada/site?file=a.txt"' in await page.text()
    form = {"name": "Ada", "password": PASSWORD, "next": "/app/ada/site"}
    answer = await client.post("/auth/sign-in", data=form, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/app/ada/site")
    flags = [field.lower() for field in answer.headers.getall("Set-Cookie")]
    assert len(flags) == 2
    assert all("secure" in flag and "httponly" in flag and "samesite=lax" in flag for flag in flags)
    assert all("path=/" in flag and "domain" not in flag for flag in flags)
    me = await world.client(Cookie=f"{SESSION}={cookies_of(answer)[SESSION]}").get("/api/v1/me")
    assert (await me.json())["account"]["name"] == "ada"


async def test_a_wrong_password_shows_the_form_again_without_the_password(world: World) -> None:
    client = world.client(Origin=world.settings.url)
    answer = await client.post("/auth/sign-in", data={"name": "ada", "password": "not the one at all"})
    text = await answer.text()
    assert answer.status == 401
    assert "The name or the password is wrong." in text
    assert "not the one at all" not in text
    assert "Set-Cookie" not in answer.headers


async def test_guessing_is_slowed_down(world: World) -> None:
    client = world.client(Origin=world.settings.url)
    for _ in range(10):
        await client.post("/auth/sign-in", json={"name": "ada", "password": "guess guess guess"})
    answer = await client.post("/auth/sign-in", json={"name": "ada", "password": PASSWORD})
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert (await answer.json())["type"] == "urn:firefly:rate-limited"


async def test_programs_sign_in_with_json(world: World) -> None:
    client = world.client(Origin=world.settings.url)
    good = await client.post("/auth/sign-in", json={"name": "ada", "password": PASSWORD})
    assert good.status == 204
    assert SESSION in cookies_of(good)
    bad = await client.post("/auth/sign-in", json={"name": "ada"})
    assert bad.status == 422
    assert (await bad.json())["field"] == "password"


async def test_the_next_page_is_always_one_of_ours(world: World) -> None:
    client = world.client(Origin=world.settings.url)
    for hostile in ("https://evil.example/", "//[", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""):
        form = {"name": "ada", "password": PASSWORD, "next": hostile}
        answer = await client.post("/auth/sign-in", data=form, allow_redirects=False)
        assert answer.headers["Location"] == "/"


async def test_an_expired_session_is_refreshed_on_the_way(world: World) -> None:
    browser = await world.browser(world.ada)
    world.clock.advance(400)
    answer = await browser.get("/api/v1/me")
    assert answer.status == 200
    fresh = cookies_of(answer)
    assert set(fresh) == {SESSION, REFRESH}
    again = await world.client(Cookie=f"{SESSION}={fresh[SESSION]}").get("/api/v1/me")
    assert again.status == 200


async def test_a_fresh_session_sets_no_cookies(world: World) -> None:
    browser = await world.browser(world.ada)
    answer = await browser.get("/api/v1/me")
    assert answer.status == 200
    assert "Set-Cookie" not in answer.headers


async def test_refresh_is_asked_for_explicitly_too(world: World) -> None:
    browser = await world.browser(world.ada)
    world.clock.advance(400)
    answer = await browser.post("/auth/refresh")
    assert answer.status == 204
    assert SESSION in cookies_of(answer)
    nobody = await world.client(Origin=world.settings.url).post("/auth/refresh")
    assert nobody.status == 401


async def test_signing_out_ends_the_session_on_the_server(world: World) -> None:
    browser = await world.browser(world.ada)
    world.clock.advance(1)
    answer = await browser.post("/auth/sign-out", allow_redirects=False)
    assert answer.status == 303
    assert cookies_of(answer) == {SESSION: "", REFRESH: ""}
    assert (await browser.get("/api/v1/me")).status == 401


async def test_signing_out_everywhere_ends_other_browsers_too(world: World) -> None:
    here, there = await world.browser(world.ada), await world.browser(world.ada)
    world.clock.advance(1)
    await here.post("/auth/sign-out-everywhere", allow_redirects=False)
    assert (await there.get("/api/v1/me")).status == 401


async def test_the_first_link_makes_an_administrator_and_works_once(world: World) -> None:
    async with world.services.database.connection() as connection:
        await connection.execute("update accounts set is_administrator = false")
    token = await world.services.links.create(FIRST_ADMINISTRATOR, lifetime=600)
    client = world.client(Origin=world.settings.url)
    shown = await client.get(f"/auth/link/{token}")
    assert shown.status == 200
    assert (await client.get(f"/auth/link/{token}")).status == 200, "looking must not spend it"
    bad = await client.post(f"/auth/link/{token}", data={"name": "Grace Hopper", "password": PASSWORD})
    assert bad.status == 422
    assert "Grace Hopper" in await bad.text()
    form = {"name": "grace", "password": PASSWORD, "display_name": "Grace"}
    answer = await client.post(f"/auth/link/{token}", data=form, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    me = await world.client(Cookie=f"{SESSION}={cookies_of(answer)[SESSION]}").get("/api/v1/me")
    assert (await me.json())["account"]["is_administrator"] is True
    assert (await client.post(f"/auth/link/{token}", data=form)).status == 401


async def test_a_dead_link_says_so_and_leads_to_the_sign_in_page_not_back_to_itself(world: World) -> None:
    client = world.client(Origin=world.settings.url, Accept="text/html")
    answer = await client.get("/auth/link/nothing")
    page = await answer.text()
    assert answer.status == 401
    assert "<h1>This link no longer works</h1>" in page
    assert 'href="/auth/sign-in"' in page


async def test_of_two_forms_of_one_link_only_one_counts(world: World) -> None:
    token = await world.services.links.create(SIGN_IN, account_id=world.bob.id, lifetime=60)
    chosen = ("first long password", "other long password")
    client = world.client(Origin=world.settings.url)
    answers = await asyncio.gather(
        *(client.post(f"/auth/link/{token}", data={"password": password}, allow_redirects=False) for password in chosen)
    )
    assert sorted(answer.status for answer in answers) == [303, 401]
    for password, answer in zip(chosen, answers, strict=True):
        if answer.status == 303:
            assert (await world.services.accounts.authenticate("bob", password, None)).id == world.bob.id
        else:
            with pytest.raises(Unauthenticated):
                await world.services.accounts.authenticate("bob", password, None)


async def test_a_sign_in_link_lets_its_account_choose_a_password(world: World) -> None:
    token = await world.services.links.create(SIGN_IN, account_id=world.bob.id, lifetime=600)
    client = world.client(Origin=world.settings.url)
    short = await client.post(f"/auth/link/{token}", data={"password": "short"})
    assert short.status == 422
    chosen = {"password": "another long password"}
    assert (await client.post(f"/auth/link/{token}", data=chosen, allow_redirects=False)).status == 303
    signed_in = await client.post("/auth/sign-in", json={"name": "bob", **chosen})
    assert signed_in.status == 204


async def test_forms_with_files_or_floods_are_refused(world: World) -> None:
    client = world.client(Origin=world.settings.url)
    large = await client.post("/auth/sign-in", data={"name": "a" * 100_000, "password": "x"})
    assert large.status == 413
    long = await client.post("/auth/sign-in", data={"name": "a" * 10_000, "password": "x"})
    assert long.status == 422
