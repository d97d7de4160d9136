"""Secrets in the project's settings: set, pasted, changed, removed, and seen by nobody."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Person
from tests.browser.test_dashboard import make
from tests.support.server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
PASTE = """(field, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  field.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
}"""


async def test_they_are_set_pasted_changed_and_removed(live_server: LiveServer, person: Person) -> None:
    await make(live_server, person, "keys")
    page = person.page
    await page.goto(f"/app/{person.name}/keys/settings")
    await expect(page.get_by_role("heading", name="No secrets yet")).to_be_visible()
    form = page.get_by_role("form", name="Set a secret")
    await form.get_by_label("Name").fill("API_KEY")
    await form.get_by_label("Value").fill("whisper-1")
    await form.get_by_role("button", name="Set", exact=True).click()
    rows = page.get_by_role("list", name="Secrets").get_by_role("listitem")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text(f"9 bytes, set by {person.name}")
    await form.get_by_label("Name").evaluate(PASTE, "# both\nexport TOKEN='whisper-2'\nURL=https://u:p@host/x\n")
    await expect(form.get_by_text("2 secrets: TOKEN, URL")).to_be_visible()
    await form.get_by_role("button", name="Set all").click()
    await expect(rows).to_have_count(3)
    await page.get_by_role("button", name="Change TOKEN").click()
    await page.get_by_label("New value of TOKEN").fill("longer-whisper")
    await page.get_by_role("form", name="Change TOKEN").get_by_role("button", name="Set").click()
    await expect(rows.filter(has_text="TOKEN")).to_contain_text("14 bytes")
    await form.get_by_label("Name").fill("PATH")
    await form.get_by_role("button", name="Set", exact=True).click()
    await expect(form.get_by_role("alert")).to_contain_text("PATH is set by Firefly itself")
    await page.get_by_role("button", name="Remove URL").click()
    await page.get_by_role("group").get_by_role("button", name="Remove").click()
    await expect(rows).to_have_count(2)
    await page.reload()
    await expect(rows).to_have_count(2)
    assert "whisper" not in await page.content()
