"""Real npm and pip in several sandboxes, at one cache, which is at a registry of the test's own."""

import json
import sys
from pathlib import Path

import pytest

from firefly.bridge.packages import offered

from .conftest import NPM, PIP, Ground, output_of, printed

pytestmark = [pytest.mark.timeout(180)]


async def test_npm_finds_what_another_sandbox_downloaded_also_when_the_registry_is_away(ground: Ground) -> None:
    upstream = ground.upstream
    integrity = upstream.add_package("@ada/engine", "1.2.0")
    resolved = f"{upstream.npm}@ada/engine/-/engine-1.2.0.tgz"
    for number in range(2):
        place = await ground.place()
        place.lock("@ada/engine", "1.2.0", integrity, resolved)
        done = await place.install(NPM)
        assert done.code == 0, output_of(done)
        assert printed(["node", "-p", "require('@ada/engine')"], place.tree) == "1.2.0"
        assert upstream.fetched(".tgz") == 1
        if number == 0:
            await ground.server.close()


async def test_npm_writes_the_registrys_own_addresses_into_lock_files(ground: Ground) -> None:
    ground.upstream.add_package("engine", "2.0.0")
    place = await ground.place()
    (place.tree / "package.json").write_text('{"dependencies": {"engine": "^2.0.0"}}')
    done = await place.install("npm install")
    assert done.code == 0, output_of(done)
    lock = json.loads((place.tree / "package-lock.json").read_text())
    assert lock["packages"]["node_modules/engine"]["resolved"] == f"{ground.upstream.npm}engine/-/engine-2.0.0.tgz"


async def test_pip_finds_what_another_sandbox_downloaded_also_when_the_index_is_away(ground: Ground) -> None:
    name = ground.upstream.add_wheel("engine", "1.4")
    for number in range(2):
        place = await ground.place()
        done = await place.install(f"{PIP} --no-cache-dir engine")
        assert done.code == 0, output_of(done)
        assert printed([sys.executable, "-c", "import engine; print(engine.version)"], place.tree / "packages") == "1.4"
        assert ground.upstream.fetched(name) == 1
        if number == 0:
            await ground.server.close()


@pytest.mark.parametrize(
    ("command", "file", "text"),
    [
        (NPM, "tree/.npmrc", "@ada:registry=https://registry.example/\n"),
        (NPM, "home/.npmrc", "//registry.example/:_authToken=secret\n"),
        (PIP, "home/.config/pip/pip.conf", "[global]\nextra-index-url = https://index.example/simple\n"),
    ],
)
async def test_a_project_with_registries_of_its_own_installs_without_the_cache(
    ground: Ground, command: str, file: str, text: str
) -> None:
    place = await ground.place()
    async with offered(place.environment, command, {}) as plain:
        assert plain != {}
    path = place.folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    async with offered(place.environment, command, {}) as env:
        assert env == {}
    path.unlink()
    variable = {"NPM_CONFIG_REGISTRY": "https://registry.example/", "PIP_INDEX_URL": "https://index.example/"}
    async with offered(place.environment, command, variable) as env:
        assert env == variable


async def test_installs_go_on_where_nobody_keeps_packages(ground: Ground, tmp_path: Path) -> None:
    place = await ground.place()
    await ground.door.close()
    async with offered(place.environment, NPM, {"PATH": "/bin"}) as env:
        assert env == {"PATH": "/bin"}
