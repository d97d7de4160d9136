"""The pages: shells with their facts, strict policies, help, errors for people."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from firefly.web.assets import ASSETS, Assets
from firefly.web.templating import embed

from .world import World

MANIFEST = {
    "src/dashboard/main.tsx": {
        "file": "dashboard-1.js",
        "name": "dashboard",
        "isEntry": True,
        "imports": ["_s.js"],
    },
    "src/workbench/main.tsx": {
        "file": "editor-1.js",
        "name": "editor",
        "isEntry": True,
        "css": ["editor-1.css"],
        "dynamicImports": ["_start-1.js", "_rare-1.js"],
    },
    "_start-1.js": {"file": "start-1.js", "name": "start", "css": ["start-1.css"], "imports": ["_s.js"]},
    "_rare-1.js": {"file": "rare-1.js", "name": "rare"},
    "src/pages/main.tsx": {"file": "account-1.js", "name": "account", "isEntry": True},
    "src/project/main.tsx": {"file": "project-1.js", "name": "project", "isEntry": True},
    "_s.js": {"file": "shared-1.js", "css": ["shared-1.css"], "imports": ["_s.js"]},
}


@pytest.fixture
def built(tmp_path: Path, world: World) -> Assets:
    """What the editor's build leaves behind, in place of the real one."""
    folder = tmp_path / "static" / "editor"
    (folder / ".vite").mkdir(parents=True)
    (folder / ".vite" / "manifest.json").write_text(json.dumps(MANIFEST))
    for name in ("dashboard-1.js", "editor-1.js", "editor-1.css"):
        (folder / name).write_text(f"/* {name} */")
    (folder / "editor-1.js.br").write_bytes(b"brotli")
    (tmp_path / "static" / "site.css").write_text("body {}")
    assets = Assets(tmp_path / "static")
    world.server.app._state[ASSETS] = assets
    return assets


def boot_of(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="firefly-boot">(.*?)</script>', html, re.S)
    assert found is not None
    boot: dict[str, Any] = json.loads(found[1])
    return boot


async def test_the_dashboard_gets_its_facts_as_data(world: World, built: Assets) -> None:
    browser = await world.browser(world.ada)
    response = await browser.get("/")
    html = await response.text()
    assert response.status == 200
    assert boot_of(html)["user"]["name"] == "ada"
    assert '<script type="module" src="/assets/dashboard-1.js">' in html
    assert '/assets/shared-1.css"' in html


async def test_the_address_of_a_remix_is_a_page_of_the_dashboard_that_tells_nothing_of_the_source(
    world: World, built: Assets
) -> None:
    browser = await world.browser(world.ada)
    html = await (await browser.get("/remix/bob/secret-plans")).text()
    assert boot_of(html)["page"] == "dashboard"
    assert boot_of(html)["project"] is None


async def test_a_page_knows_the_present_display_name(world: World, built: Assets) -> None:
    browser = await world.browser(world.ada)
    await browser.patch("/api/v1/me", json={"display_name": "Countess"})
    html = await (await browser.get("/")).text()
    assert boot_of(html)["user"]["display_name"] == "Countess"


async def test_the_editor_gets_its_project(world: World, built: Assets) -> None:
    world.projects.add(world.ada, "site", description="</script><script>alert(1)</script>")
    html = await (await (await world.browser(world.ada)).get("/app/ada/site")).text()
    assert boot_of(html)["project"]["role"] == "owner"
    assert html.count("<script") == 2
    assert "<script>alert" not in html


async def test_what_the_editor_starts_with_is_named_in_its_page(world: World, built: Assets) -> None:
    world.projects.add(world.ada, "site")
    html = await (await (await world.browser(world.ada)).get("/app/ada/site")).text()
    assert re.findall(r'<link rel="modulepreload" href="/assets/([^"]+)">', html) == ["start-1.js", "shared-1.js"]
    styles = re.findall(r'<link rel="stylesheet" href="/assets/([^"]+)">', html)
    assert set(styles) == {"editor-1.css", "start-1.css", "shared-1.css"}
    assert "rare-1.js" not in html


async def test_no_page_runs_an_inline_script(world: World, built: Assets) -> None:
    world.projects.add(world.ada, "site")
    browser = await world.browser(world.ada)
    pages = ("/", "/app/ada/site", "/account", "/app/ada/site/settings", "/app/ada/site/builds/1", "/help", "/nothing")
    for path in pages:
        response = await browser.get(path)
        policy = response.headers["Content-Security-Policy"]
        (scripts,) = re.findall(r"script-src ([^;]*)", policy)
        assert scripts == "'self'", path
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        for script in re.findall(r"<script[^>]*>", await response.text()):
            assert "src=" in script or "application/json" in script


async def test_only_pages_with_an_editor_may_write_styles(world: World, built: Assets) -> None:
    world.projects.add(world.ada, "site")
    browser = await world.browser(world.ada)
    shown = {"/": False, "/app/ada/site": True, "/app/ada/site/builds": True, "/account": False}
    for path, allowed in shown.items():
        policy = (await browser.get(path)).headers["Content-Security-Policy"]
        assert ("style-src 'self' 'unsafe-inline'" in policy) is allowed


async def test_a_renamed_projects_page_moves_for_good(world: World, built: Assets) -> None:
    world.projects.moved["ada/old"] = "ada/new"
    browser = await world.browser(world.ada)
    for page in ("", "/settings", "/branches", "/builds/7", "/builds/settings"):
        response = await browser.get(f"/app/ada/old{page}", allow_redirects=False)
        assert (response.status, response.headers["Location"]) == (301, f"/app/ada/new{page}")


async def test_the_pages_of_a_project_are_for_members_who_are_signed_in(world: World, built: Assets) -> None:
    world.projects.add(world.ada, "site")
    browser = await world.browser(world.ada)
    for page in ("branches", "builds", "builds/12", "builds/settings", "settings"):
        html = await (await browser.get(f"/app/ada/site/{page}")).text()
        assert (boot_of(html)["page"], boot_of(html)["project"]["name"]) == ("project", "site")
    assert (await browser.get("/app/ada/site/builds/last")).status == 404
    stranger = await (await world.browser(world.bob)).get("/app/ada/site/builds/12")
    assert stranger.status == 404


async def test_unknown_and_foreign_projects_are_one_page(world: World, built: Assets) -> None:
    world.projects.add(world.bob, "secret")
    browser = await world.browser(world.ada)
    texts = [await (await browser.get(path)).text() for path in ("/app/bob/secret", "/app/bob/nothing")]
    assert texts[0] == texts[1]
    assert "There is no such project." in texts[0]


async def test_an_error_is_a_page_for_people_and_a_problem_for_programs(world: World) -> None:
    person = await (await world.browser(world.ada)).get("/nothing")
    assert (person.status, person.content_type) == (404, "text/html")
    program = await (await world.program(world.ada)).get("/nothing")
    assert (program.status, program.content_type) == (404, "application/problem+json")
    wrong = await (await world.program(world.ada)).delete("/api/v1/me")
    assert wrong.status == 405
    assert "GET" in wrong.headers["Allow"]


async def test_built_files_are_immutable_and_precompressed(world: World, built: Assets) -> None:
    client = world.client()
    plain = await client.get("/assets/editor-1.js", headers={"Accept-Encoding": "identity"})
    assert (plain.status, await plain.text()) == (200, "/* editor-1.js */")
    assert "immutable" in plain.headers["Cache-Control"]
    assert plain.headers["Vary"] == "Accept-Encoding"
    async with client.session.get(
        client.make_url("/assets/editor-1.js"), headers={"Accept-Encoding": "br"}, auto_decompress=False
    ) as packed:
        assert packed.headers["Content-Encoding"] == "br"
        assert await packed.read() == b"brotli"
    ours = await client.get(built.static("site.css"))
    assert "immutable" in ours.headers["Cache-Control"]
    unversioned = await client.get("/assets/site.css")
    assert "immutable" not in unversioned.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["../assets.py", "..%2fassets.py", "%2e%2e/assets.py", "editor-1.js.br", "nothing.js", "/etc/passwd"]
)
async def test_nothing_else_is_served_as_an_asset(world: World, built: Assets, path: str) -> None:
    from yarl import URL

    client = world.client()
    response = await client.session.get(URL(f"{client.make_url('/assets/')}{path}", encoded=True))
    assert response.status == 404


async def test_a_missing_build_says_how_to_build(world: World, tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    world.server.app._state[ASSETS] = Assets(tmp_path / "static")
    response = await (await world.browser(world.ada)).get("/")
    assert response.status == 503
    assert "make run" in await response.text()


async def test_help_shows_the_documents_and_shows_their_html_as_text(world: World) -> None:
    client = world.client(Accept="text/html")
    listing = await (await client.get("/help")).text()
    assert 'href="/help/reference/settings"' in listing
    page = await client.get("/help/reference/settings")
    assert "<table>" in await page.text()
    linked = await (await client.get("/help/operators/running")).text()
    assert 'href="/help/reference/settings"' in linked
    for path in ("/help/nothing", "/help/../pyproject.toml", "/help/%2e%2e/README"):
        assert (await client.get(path)).status == 404


def test_embedded_data_cannot_end_its_element() -> None:
    text = str(embed({"a": "</script><!--<script>&amp;"}))
    assert not set(text) & set("<>&")
    assert json.loads(text) == {"a": "</script><!--<script>&amp;"}
