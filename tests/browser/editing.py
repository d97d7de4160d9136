"""An open project in the editor, seen from the page and from outside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from playwright.async_api import FrameLocator, Locator, Page, expect

from tests.browser.conftest import Person
from tests.support.server import LiveServer, create_project
from tests.support.waiting import eventually


@dataclass(frozen=True)
class Editor:
    """An open project; `client` reaches its files as another program of the same person would."""

    page: Page
    path: str
    client: aiohttp.ClientSession

    def row(self, name: str) -> Locator:
        return self.page.get_by_role("treeitem", name=name, exact=True)

    @property
    def preview(self) -> FrameLocator:
        return self.page.frame_locator("iframe")

    async def open(self, name: str) -> None:
        await self.row(name).click()
        await expect(self.page.get_by_role("textbox", name=f"Text of {name}")).to_be_visible()

    async def type_at_start(self, text: str) -> None:
        await self.page.locator(".cm-content").click()
        await self.page.keyboard.press("Control+Home")
        await self.page.keyboard.type(text)

    async def read(self, name: str) -> str | None:
        async with self.client.get(f"/api/v1/projects/{self.path}/files/{name}") as response:
            return await response.text() if response.status == 200 else None

    async def write(self, name: str, text: str) -> None:
        async with self.client.put(f"/api/v1/projects/{self.path}/files/{name}", data=text.encode()) as response:
            assert response.status < 300, await response.text()

    async def on_disk(self, name: str, part: str, *, within: float = 30) -> None:
        await eventually(lambda: self._has(name, part), within=within)

    async def _has(self, name: str, part: str) -> bool:
        return part in (await self.read(name) or "")

    async def run(self, command: str) -> None:
        """A command of the palette, by its whole name."""
        await self.page.keyboard.press("F1")
        await self.page.get_by_role("combobox", name="Search commands").fill(f">{command}")
        await self.page.keyboard.press("Enter")


async def own_token(page: Page) -> str:
    """A token of whoever is signed in, made as the page would."""
    answer = await page.context.request.post(
        "/api/v1/tokens",
        data={"name": "test", "scopes": ["read", "write"]},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    return str((await answer.json())["token"])


@asynccontextmanager
async def opened(server: LiveServer, person: Person, name: str, template: str = "static") -> AsyncIterator[Editor]:
    """A new project of that name in the editor, with nothing left to load."""
    page = person.page
    async with server.client(token=await own_token(page)) as client:
        project = await create_project(client, name, template)
        await page.goto(project["urls"]["editor"])
        await expect(page.get_by_role("treeitem").first).to_be_visible()
        await expect(page.get_by_text("All changes saved.")).to_be_visible()
        yield Editor(page, f"{project['owner']}/{project['name']}", client)
