"""The pages of the help, and those of the repository's front page: whatever they lead to is there."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from firefly import resources
from firefly.web.pages.help import anchor_of, help_pages, rendered
from tests.web.world import World

DOCS = resources.folder("docs")
_LINK = re.compile(r'(?:href|src)="([^"]+)"')


def leads_nowhere(text: str, here: str) -> Iterator[str]:
    """Of a page's links within the help those behind which is nothing."""
    pages = {page.href: rendered(page) for page in help_pages().values()}
    for link in _LINK.findall(text):
        target = urlsplit(link)
        if target.scheme:
            continue
        path = target.path or here
        if path.startswith("/help/images/"):
            there = (DOCS / "images" / Path(path).name).is_file()
        else:
            there = path in pages and (not target.fragment or f'id="{target.fragment}"' in pages[path])
        if not there:
            yield f"{here}: {link}"


def test_every_link_and_picture_of_the_help_leads_somewhere() -> None:
    dead = [link for page in help_pages().values() for link in leads_nowhere(rendered(page), page.href)]
    assert dead == []
    assert next(page.name for page in help_pages().values() if page.section == "users") == "users/getting-started"
    assert anchor_of("What is built, and when") == "what-is-built-and-when"


def test_the_front_page_leads_to_every_page_for_users_and_operators() -> None:
    readme = DOCS.parent / "README.md"
    linked = {target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", readme.read_text())}
    assert [target for target in linked if "://" not in target and not (readme.parent / target).exists()] == []
    index = (DOCS / "README.md").read_text()
    for page in sorted(DOCS.rglob("*.md")):
        name = str(page.relative_to(DOCS))
        if page.parent.name in {"users", "operators", "reference"}:
            assert f"]({name})" in index, name


async def test_pictures_of_the_help_are_served(world: World) -> None:
    client = world.client()
    page = await (await client.get("/help/builds")).text()
    assert 'src="/help/images/builds.png"' in page or 'src="/help/images/build-running.png"' in page
    served = await client.get("/help/images/build-running.png")
    assert (served.status, served.headers["Content-Type"]) == (200, "image/png")
    assert (await client.get("/help/images/nothing.png")).status == 404
