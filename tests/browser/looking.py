"""Looks at a screen as people with other eyes and other windows do, and keeps pictures of it for the documentation."""

import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from playwright.async_api import Error, Page

AXE = Path(__file__).parents[2] / "editor/node_modules/axe-core/axe.min.js"
DESKTOP, PHONE = (1280, 800), (390, 844)
# What is left of the desktop's window at 200 % zoom.
ZOOMED = (640, 400)
COLOURS = 256
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
Look = Literal["light", "dark", "phone"]
# The waiting pages of the front door have no script: reloading is how they become the application, and they say so.
BY_DESIGN = "meta-refresh: "
# What playwright says where a page does that while it is looked at; once is an accident, often is none.
RELOADED, MOST_RELOADS = "Execution context was destroyed", 5
T = TypeVar("T")
EVERY: tuple[Look, ...] = ("light", "dark", "phone")

RUN_AXE = """async (rules) => {
  const found = await axe.run(document, {runOnly: rules, iframes: false, resultTypes: ["violations"]});
  const grave = found.violations.filter(({impact}) => impact === "serious" || impact === "critical");
  return grave.map(({id, help, nodes}) => `${id}: ${help}: ${nodes.map(({target, any}) =>
    `${target.join(" ")} ${any.map(({message}) => message).join(" ")}`).join(" | ")}`);
}"""

# Controls that lie outside the window where no scrolling brings them in.
FIND_CUT = """() => {
  const scrolls = (element, side) => {
    for (let at = element.parentElement; at; at = at.parentElement) {
      const overflow = getComputedStyle(at)[side === "x" ? "overflowX" : "overflowY"];
      const whole = at === document.documentElement || at === document.body;
      if (whole ? side === "y" && overflow !== "hidden" : overflow === "auto" || overflow === "scroll") return true;
      if (whole && overflow === "hidden") return false;
    }
    return false;
  };
  const modal = document.querySelector("dialog:modal");
  return [...(modal ?? document).querySelectorAll("a[href], button, input, select, textarea, [role=treeitem]")]
    .filter((element) => element.checkVisibility({visibilityProperty: true, opacityProperty: true}))
    .filter((element) => !element.closest(".ff-hidden, .ff-skip, .skip, .xterm") && element.offsetWidth > 1)
    .filter((element) => {
      const {left, right, top, bottom} = element.getBoundingClientRect();
      return ((left < -1 || right > innerWidth + 1) && !scrolls(element, "x"))
        || ((top < -1 || bottom > innerHeight + 1) && !scrolls(element, "y"));
    })
    .map((element) => element.getAttribute("aria-label") || element.textContent.trim() || element.outerHTML);
}"""


@dataclass(frozen=True)
class Looker:
    """Call it with a page that shows something and the name of what it shows.

    `problems` gathers what axe calls serious and controls that a smaller window cuts off; the fixture fails for them.
    """

    folder: Path | None
    problems: list[str] = field(default_factory=list)

    async def __call__(self, page: Page, name: str, looks: Sequence[Look] = EVERY) -> None:
        await self._in_light(page, name, looks)
        if "dark" in looks:
            await page.emulate_media(color_scheme="dark")
            await self._check(page, f"{name}-dark")
            await self._keep(page, f"{name}-dark")
            await page.emulate_media(color_scheme="light")
        async with sized(page, ZOOMED):
            self._note(f"{name} at 200 % zoom", await steadily(page, find_cut))
        if "phone" in looks:
            async with sized(page, PHONE):
                self._note(f"{name} on a phone", await steadily(page, find_cut))
                await self._keep(page, f"{name}-phone")

    async def _in_light(self, page: Page, name: str, looks: Sequence[Look]) -> None:
        await page.emulate_media(color_scheme="light", reduced_motion="reduce")
        await self._check(page, name)
        if "light" in looks:
            await self._keep(page, name)

    async def _check(self, page: Page, name: str) -> None:
        self._note(name, await steadily(page, find_violations))

    def _note(self, where: str, found: Sequence[str]) -> None:
        self.problems.extend(f"{where}: {problem}" for problem in found)

    async def _keep(self, page: Page, name: str) -> None:
        if not self.folder:
            return
        # Fonts, frames and the preview inside settle; nothing tells when.
        await page.wait_for_timeout(350)
        picture = await page.screenshot(animations="disabled", caret="hide")
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{name}.png").write_bytes(shrink(picture))


async def steadily(page: Page, look: Callable[[Page], Awaitable[T]]) -> T:
    """What `look` finds; anew where the page was loaded again meanwhile."""
    for _ in range(MOST_RELOADS):
        try:
            return await look(page)
        except Error as error:
            if RELOADED not in str(error):
                raise
            await page.wait_for_load_state()
    return await look(page)


async def find_violations(page: Page) -> list[str]:
    """What axe finds serious or critical. Its source comes in by the debugger, past the page's own policy."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text())
    found: list[str] = await page.evaluate(RUN_AXE, RULES)
    return [problem for problem in found if not problem.startswith(BY_DESIGN)]


async def find_cut(page: Page) -> list[str]:
    """Names of controls that nobody can reach in a window of this size; also what makes the page scroll sideways."""
    found: list[str] = await page.evaluate(FIND_CUT)
    wide: int = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return found + ([f"the page is {wide} px too wide"] if wide > 0 else [])


@asynccontextmanager
async def sized(page: Page, size: tuple[int, int]) -> AsyncIterator[None]:
    before: Any = page.viewport_size
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    await steadily(page, drawn)
    try:
        yield
    finally:
        await page.set_viewport_size(before)


async def drawn(page: Page) -> None:
    await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def shrink(picture: bytes) -> bytes:
    """Half of the size, alike to the eye: screens have few colours."""
    from PIL import Image

    whole = Image.open(io.BytesIO(picture)).convert("RGB")
    few = whole.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    target = io.BytesIO()
    few.save(target, "PNG", optimize=True)
    return min(target.getvalue(), picture, key=len)
