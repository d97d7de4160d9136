"""The documentation, rendered from docs/: the same pages as the site that `make docs` builds."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from firefly import resources

from ..assets import REVALIDATED
from ..templating import render

SECTIONS = ("users", "operators", "contributors", "reference", "decisions")
# Of a section, what one reads before all else.
FIRST = ("users/getting-started", "users/how-to", "operators/running")
_TITLE = re.compile(r"^# +(.+?) *$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class HelpPage:
    """`name` is the path below /help, as in `users/git`."""

    name: str
    title: str
    path: Path

    @property
    def href(self) -> str:
        return f"/help/{self.name}" if self.name else "/help"

    @property
    def section(self) -> str:
        return self.name.partition("/")[0] if "/" in self.name else ""


@cache
def help_pages() -> dict[str, HelpPage]:
    """Every page by name, in the order of SECTIONS and FIRST; read once, since the files come with the version."""
    folder = resources.folder("docs")
    found = [_page(path, folder) for path in sorted(folder.rglob("*.md")) if not path.name.startswith(".")]
    order = {name: number for number, name in enumerate(("", *SECTIONS))}
    rank = {name: number for number, name in enumerate(FIRST)}
    found.sort(key=lambda page: (order.get(page.section, 99), rank.get(page.name, len(FIRST)), page.name))
    return {page.name: page for page in found}


def _page(path: Path, folder: Path) -> HelpPage:
    name = str(path.relative_to(folder).with_suffix(""))
    name = name.removesuffix("index").rstrip("/")
    title = _TITLE.search(path.read_text(encoding="utf-8"))
    return HelpPage(name, title[1].replace("`", "") if title else name, path)


@cache
def rendered(page: HelpPage) -> Markup:
    """The page as HTML: raw HTML in it is shown, not obeyed, and links to other pages lead to /help."""
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    tokens = parser.parse(page.path.read_text(encoding="utf-8"))
    for token, following in pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", anchor_of(following.content))
        _lead_within_help(token.children or [], page)
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def anchor_of(heading: str) -> str:
    """What a link to the heading ends with, as where the repository is shown."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _lead_within_help(tokens: Sequence[Token], page: HelpPage) -> None:
    """Pictures and links of a line of text lead to /help; a link to a file that is no page becomes its words."""
    inside = True
    for token in tokens:
        if token.type == "image":
            token.attrSet("src", f"/help/images/{Path(str(token.attrGet('src'))).name}")
        elif token.type == "link_open":
            inside = _lead_to_help(token, page)
        if token.type in {"link_open", "link_close"}:
            token.hidden = not inside


def _lead_to_help(link: Token, page: HelpPage) -> bool:
    """Whether there is something where it leads."""
    target = urlsplit(str(link.attrGet("href") or ""))
    if target.scheme or target.netloc or not target.path:
        return True
    found = (page.path.parent / target.path).resolve()
    if found.suffix != ".md" or not found.is_relative_to(resources.folder("docs").resolve()):
        return False
    name = str(found.relative_to(resources.folder("docs").resolve()).with_suffix("")).removesuffix("index").rstrip("/")
    link.attrSet("href", f"/help/{name}" + (f"#{target.fragment}" if target.fragment else ""))
    return True


def set_up_help(app: web.Application) -> None:
    app.router.add_get("/help", show)
    app.router.add_get(r"/help/images/{name:[\w-]+\.png}", picture)
    app.router.add_get("/help/{page:.*}", show)


async def picture(request: web.Request) -> web.StreamResponse:
    path = resources.folder("docs") / "images" / request.match_info["name"]
    if not await asyncio.to_thread(path.is_file):
        raise web.HTTPNotFound()
    return web.FileResponse(path, headers={hdrs.CACHE_CONTROL: REVALIDATED})


async def show(request: web.Request) -> web.StreamResponse:
    pages = help_pages()
    name = request.match_info.get("page", "").strip("/")
    page = pages.get(name)
    if page is None and name:
        raise web.HTTPNotFound()
    listing = [
        {"title": item.title, "href": item.href, "section": item.section, "current": item == page}
        for item in pages.values()
    ]
    title, content = (page.title, rendered(page)) if page else ("Help", Markup(""))
    return render(request, "help.html", {"title": title, "content": content, "pages": listing})
