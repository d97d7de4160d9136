"""A host that changes hands, in the browser of somebody who knew the former holder's."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from firefly.store import Database
from tests.support.database import TestServer
from tests.support.server import LiveServer
from tests.support.waiting import eventually
from tests.support.witness import SECRET, Witness, make_witness

from .test_hostile_sibling import REGISTER

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.xdist_group("reuse")]

KEEP = "() => { localStorage.kept = 'by the former'; document.cookie = 'kept=1; path=/; max-age=999999'; }"
KEPT = """async () => [
  localStorage.kept || '', document.cookie, (await caches.keys()).length,
  (await navigator.serviceWorker.getRegistrations()).length,
]"""


@pytest_asyncio.fixture(loop_scope="session")
async def database(database_server: TestServer) -> AsyncIterator[Database]:
    async with database_server.fresh() as dsn:
        opened = Database(dsn)
        await opened.open()
        yield opened
        await opened.close()


async def thirty_days_later(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("update projects set deleted_at = deleted_at - interval '31 days'")
        await connection.execute("update routes set reserved_until = reserved_until - interval '31 days'")


async def is_free(database: Database) -> bool:
    async with database.connection() as connection:
        return not await connection.fetchval("select count(*) from projects")


async def visit(witness: Witness, page: Page) -> None:
    link = await witness.call("POST", "/access/links")
    await page.goto(link["url"])
    await expect(page.get_by_role("heading", name=SECRET)).to_be_visible()


async def test_nothing_of_the_former_holder_is_left_and_the_new_one_is_cleared_once(
    tmp_path: Path, database: Database, guest: Page
) -> None:
    with LiveServer(tmp_path, settings={"FIREFLY_DATABASE_URL": database.dsn}) as server:
        former = await make_witness(server, name="garden")
        await former.call("PATCH", "/access", service_workers=True)
        await visit(former, guest)
        await guest.evaluate(KEEP)
        assert await guest.evaluate(REGISTER) == "registered"
        await guest.goto(f"{former.preview}/worked")
        await expect(guest.get_by_role("heading", name="the worker")).to_be_visible()
        assert (await guest.evaluate(KEPT))[0] == "by the former"
        await former.call("DELETE")
        async with server.client() as client:
            body: dict[str, Any] = {"name": "garden", "template": "static"}
            async with client.post("/api/v1/projects", json=body) as refused:
                assert refused.status == 409
        server.stop()
        await thirty_days_later(database)
        server.start()
        await eventually(lambda: is_free(database))
        new = await make_witness(server, name="garden")
        assert new.preview == former.preview
        await visit(new, guest)
        assert await guest.evaluate(KEPT) == ["", "", 0, 0]
        (asked,) = [one for one in await new.seen() if one["path"] == "/"]
        assert asked["cookie"] == ""
        await guest.goto(f"{new.preview}/worked")
        await expect(guest.get_by_role("heading", name=SECRET)).to_be_visible()
        # What the new one keeps stays.
        await guest.evaluate(KEEP)
        await guest.goto(f"{new.preview}/later")
        assert (await guest.evaluate(KEPT))[:2] == ["by the former", "kept=1"]
