"""Real npm and pip in several sandboxes, at one cache, which is at a registry of the test's own."""

import asyncio
import base64
import hashlib
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from firefly.bridge.packages import offered
from firefly.builds.making.failures import explain
from tests.support.ports import free_port
from tests.support.registry import tarball

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


async def test_uv_installs_what_its_lock_file_names_also_when_the_index_is_away(ground: Ground) -> None:
    name = ground.upstream.add_wheel("engine", "1.4")
    digest = hashlib.sha256(ground.upstream.files[f"/files/{name}"]).hexdigest()
    for number in range(2):
        place = await ground.place()
        _lock_for_uv(place.tree, name, digest)
        done = await place.install(f"uv sync --frozen --no-cache --no-python-downloads --python {sys.executable}")
        assert done.code == 0, output_of(done)
        python = str(place.tree / ".venv" / "bin" / "python")
        assert printed([python, "-c", "import engine; print(engine.version)"], place.tree) == "1.4"
        assert ground.upstream.fetched(name) == 1
        if number == 0:
            await ground.server.close()


def _lock_for_uv(tree: Path, name: str, digest: str) -> None:
    at = f"https://files.pythonhosted.org/packages/aa/bb/cc/{name}"
    (tree / "pyproject.toml").write_text(
        '[project]\nname = "e"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["engine"]\n'
    )
    (tree / "uv.lock").write_text(
        'version = 1\nrequires-python = ">=3.11"\n\n[[package]]\nname = "engine"\nversion = "1.4"\n'
        'source = { registry = "https://pypi.org/simple" }\n'
        f'wheels = [{{ url = "{at}", hash = "sha256:{digest}" }}]\n\n'
        '[[package]]\nname = "e"\nversion = "1"\nsource = { virtual = "." }\ndependencies = [{ name = "engine" }]\n'
    )


async def test_a_tool_of_nodes_means_the_public_registry_and_writes_that_down(ground: Ground) -> None:
    ground.upstream.add_package("engine", "2.0.0")
    place = await ground.place()
    (place.tree / "package.json").write_text('{"dependencies": {"engine": "^2.0.0"}}')
    # As a script does: not what begins with npm, so it is led through the proxy as npx, pnpm, Yarn and Bun are.
    done = await place.install("cd . && npm install --no-audit")
    assert done.code == 0, output_of(done)
    lock = json.loads((place.tree / "package-lock.json").read_text())
    resolved = lock["packages"]["node_modules/engine"].get("resolved", "https://registry.npmjs.org/engine")
    assert resolved.startswith("https://registry.npmjs.org/engine")
    assert ground.upstream.fetched(".tgz") == 1


@pytest.mark.skipif(shutil.which("corepack") is None, reason="this Node has no corepack")
async def test_corepack_brings_what_is_signed_or_has_its_hash_in_the_project(ground: Ground) -> None:
    """What it refuses to bring is explained."""
    key = generate_private_key(SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    trusted = json.dumps({"npm": [{"keyid": "ours", "key": base64.b64encode(public).decode()}]})
    data, integrity = _add_manager(ground, "9.99.0")
    signature = key.sign(f"pnpm@9.99.0:{integrity}".encode(), ECDSA(SHA256()))
    ground.upstream.signatures["pnpm@9.99.0"] = {"keyid": "ours", "sig": base64.b64encode(signature).decode()}
    unsigned, _ = _add_manager(ground, "9.99.1")

    async def brought(manager: str) -> tuple[int, str]:
        place = await ground.place()
        (place.tree / "package.json").write_text(json.dumps({"packageManager": manager}))
        done = await place.install(f"COREPACK_INTEGRITY_KEYS='{trusted}' corepack pnpm --version")
        return done.code, output_of(done)

    assert await brought("pnpm@9.99.0") == (0, "pnpm is here")
    code, said = await brought("pnpm@9.99.1")
    told = explain("install", exit_code=code, lines=said.splitlines())
    assert "has no signature of it" in told.cause
    assert "corepack use" in told.remedy
    assert await brought(f"pnpm@9.99.1+sha512.{hashlib.sha512(unsigned).hexdigest()}") == (0, "pnpm is here")
    code, said = await brought(f"pnpm@9.99.1+sha512.{hashlib.sha512(data).hexdigest()}")
    assert "is not the package manager whose hash" in explain("install", exit_code=code, lines=said.splitlines()).cause


def _add_manager(ground: Ground, version: str) -> tuple[bytes, str]:
    """A pnpm that only says that it is there, and its integrity."""
    about = json.dumps({"name": "pnpm", "version": version})
    data = tarball({"package.json": about, "bin/pnpm.cjs": "console.log('pnpm is here')"})
    return data, ground.upstream.add_tarball("pnpm", version, data)


@pytest.mark.parametrize(
    ("file", "text", "variables"),
    [
        (".npmrc", "//registry.npmjs.org/:_authToken=secret\n", {}),
        (".yarnrc.yml", "npmAuthToken: secret\n", {}),
        ("bunfig.toml", '[install.registry]\ntoken = "secret"\n', {}),
        ("README", "", {"YARN_NPM_AUTH_TOKEN": "secret"}),
        ("README", "", {"https_proxy": "http://proxy.example:3128"}),
    ],
)
async def test_who_has_a_password_or_a_proxy_goes_without_the_cache(
    ground: Ground, file: str, text: str, variables: Mapping[str, str]
) -> None:
    place = await ground.place()
    (place.tree / file).write_text(text)
    for command in ("npx pnpm@9 install", "yarn install", "bun install", ".venv/bin/uv sync", "X=1 poetry install"):
        async with offered(place.environment, command, variables) as env:
            assert env == variables
    (place.tree / file).write_text("")
    async with offered(place.environment, "make all", {}) as env:
        assert env == {}


async def test_the_proxy_opens_the_sandboxs_own_way_to_other_hosts_and_is_gone_afterwards(ground: Ground) -> None:
    place = await ground.place()
    ground.upstream.files["/hello"] = b"hello"
    there = urlsplit(ground.upstream.url)
    async with offered(place.environment, "yarn install", {"NO_PROXY": "intern.example"}) as env:
        assert env["NO_PROXY"] == "intern.example,localhost,127.0.0.1,::1"
        port = urlsplit(env["HTTPS_PROXY"]).port or 0
        connect = f"CONNECT {there.netloc} HTTP/1.1\r\n\r\nGET /hello HTTP/1.0\r\n\r\n"
        assert (await _said(port, connect)).endswith(b"hello")
        assert b" 502 " in await _said(port, f"CONNECT 127.0.0.1:{free_port()} HTTP/1.1\r\n\r\n")
        assert b" 405 " in await _said(port, "GET http://pypi.org/ HTTP/1.1\r\n\r\n")
        for nonsense in ("\r\n\r\n", "CONNECT pypi.org:x HTTP/1.1\r\n\r\n", "CONNECT x" + "x" * 40_000):
            assert await _said(port, nonsense) == b""
        trust = Path(env["SSL_CERT_FILE"])
        assert await asyncio.to_thread(trust.exists)
    assert not await asyncio.to_thread(trust.exists)
    with pytest.raises(OSError, match="Connect"):
        await asyncio.open_connection("127.0.0.1", port)


async def _said(port: int, question: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(question.encode())
    try:
        async with asyncio.timeout(20):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()
