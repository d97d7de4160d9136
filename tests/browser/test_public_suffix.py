"""A content domain on the Public Suffix List, by https: each preview is a site, with a partition, of its own."""

import asyncio
import base64
import hashlib
import json
import os
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
from tests.support.witness import SECRET, make_witness

from .conftest import ARGUMENTS, CHROMIUM
from .test_sisters import calls_its_sister

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180), pytest.mark.xdist_group("https")]

SUFFIX = "github.io"


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder, port = tmp_path_factory.mktemp("apart"), free_port()
    own = {"FIREFLY_CONTENT_DOMAIN": f"{SUFFIX}:{port}", "FIREFLY_URL": f"https://localhost:{port}"}
    environment = os.environ | own | {
        "FIREFLY_LISTEN": f"127.0.0.1:{port}", "FIREFLY_DATA_DIR": str(folder / "data"),
    }  # fmt: skip
    command = [sys.executable, "-m", "firefly", "dev", "cert", "--json", "--authority", str(folder / "authority")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    made = json.loads(done.stdout)
    trusting = ssl.create_default_context(cafile=made["root"])
    with LiveServer(folder, port=port, tls=trusting, settings={**made["settings"], **own}) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def page(apart: LiveServer) -> AsyncIterator[Page]:
    pem = await asyncio.to_thread(Path(apart.settings["FIREFLY_TLS_CERTIFICATES"]).read_bytes)
    public = x509.load_pem_x509_certificate(pem).public_key()
    digest = hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    more = [
        f"--ignore-certificate-errors-spki-list={base64.b64encode(digest).decode()}",
        f"--host-resolver-rules=MAP *.{SUFFIX} 127.0.0.1",
    ]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *more])
        context = await browser.new_context()
        context.set_default_timeout(30_000)
        yield await context.new_page()
        await browser.close()


async def test_a_visitor_is_let_in_on_every_port(apart: LiveServer, page: Page) -> None:
    witness = await make_witness(apart)
    assert witness.preview.endswith(f"--admin.{SUFFIX}:{apart.port}")
    link = await witness.call("POST", "/access/links")
    await page.goto(link["url"])
    await expect(page.get_by_role("heading", name=SECRET)).to_be_visible()
    await calls_its_sister(page, witness)
    cookies = [one for one in await page.context.cookies() if one["name"] == "__Host-firefly-grant"]
    assert len(cookies) == 2
