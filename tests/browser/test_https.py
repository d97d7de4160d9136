"""Firefly by https, with the certificate that `firefly dev cert` makes, in a browser that trusts its authority."""

import asyncio
import base64
import hashlib
import json
import os
import secrets
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import Page, async_playwright, expect

from tests.support.ports import free_port
from tests.support.server import LiveServer

from .conftest import ARGUMENTS, CHROMIUM, sign_in
from .editing import opened

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180), pytest.mark.xdist_group("https")]


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder, port = tmp_path_factory.mktemp("https"), free_port()
    environment = os.environ | {"FIREFLY_LISTEN": f"127.0.0.1:{port}", "FIREFLY_DATA_DIR": str(folder / "data")}
    command = [sys.executable, "-m", "firefly", "dev", "cert", "--json", "--authority", str(folder / "authority")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    made = json.loads(done.stdout)
    trusting = ssl.create_default_context(cafile=made["root"])
    with LiveServer(folder, port=port, tls=trusting, settings=made["settings"]) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def page(secured: LiveServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Page]:
    """In a browser that takes this one key for good, and fails with any other."""
    # The calls that tests make beside the page are Node's.
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(secured.folder / "authority/root.pem"))
    pem = await asyncio.to_thread(Path(secured.settings["FIREFLY_TLS_CERTIFICATES"]).read_bytes)
    public = x509.load_pem_x509_certificate(pem).public_key()
    digest = hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    trusted = f"--ignore-certificate-errors-spki-list={base64.b64encode(digest).decode()}"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, trusted])
        context = await browser.new_context(base_url=secured.url)
        context.set_default_timeout(30_000)
        yield await context.new_page()
        await browser.close()


async def test_a_private_preview_opens_in_the_editor_and_by_itself_and_follows_edits(
    secured: LiveServer, page: Page
) -> None:
    person = await sign_in(secured, page, f"ada-{secrets.token_hex(3)}")
    async with opened(secured, person, "safe") as editor:
        heading = editor.preview.get_by_role("heading", name="Hello, world")
        await expect(heading).to_be_visible(timeout=60_000)
        text = await editor.read("index.html")
        assert text is not None
        await editor.write("index.html", text.replace("Hello, world", "Hello, https"))
        # By wss, from the server to the page.
        await expect(editor.preview.get_by_role("heading", name="Hello, https")).to_be_visible(timeout=60_000)
        frame = next(frame for frame in page.frames if "--" in frame.url)
        assert frame.url.startswith("https://safe--")
        assert await frame.evaluate("window.isSecureContext")
        cookies = {cookie["name"]: cookie for cookie in await page.context.cookies()}
        for name in ("__Host-firefly-session", "__Host-firefly-grant"):
            assert cookies[name]["secure"]
        alone = await page.context.new_page()
        await alone.goto(frame.url)
        await expect(alone.get_by_role("heading", name="Hello, https")).to_be_visible()
        assert alone.url.startswith("https://safe--")
