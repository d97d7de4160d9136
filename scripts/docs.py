"""Builds the documentation as a site in site/, to be served from the root: the pages of a server's /help."""

import shutil
from pathlib import Path
from string import Template

from firefly import resources
from firefly.web.pages.help import HelpPage, help_pages, rendered

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "site"
STYLE = ROOT / "firefly" / "web" / "static" / "site.css"
PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title · Firefly</title>
<link rel="stylesheet" href="/site.css">
</head>
<body class="help">
<nav aria-label="Pages"><ul>$listing</ul></nav>
<main class="prose">$content</main>
</body>
</html>
""")
START = (
    '<!doctype html><meta charset="utf-8"><title>Firefly</title><meta http-equiv="refresh" content="0; url=/help/">\n'
)


def build() -> int:
    """Write every page; returns how many there are."""
    shutil.rmtree(SITE, ignore_errors=True)
    pages = help_pages()
    listing = "".join(f'<li><a href="{page.href}/">{page.title}</a></li>' for page in pages.values())
    for page in pages.values():
        write(page, listing)
    first = pages.get("users/getting-started") or next(iter(pages.values()))
    (SITE / "help" / "index.html").write_text(text_of(first, listing))
    (SITE / "index.html").write_text(START)
    shutil.copy(STYLE, SITE / "site.css")
    images = resources.folder("docs") / "images"
    if images.is_dir():
        shutil.copytree(images, SITE / "help" / "images")
    return len(pages)


def write(page: HelpPage, listing: str) -> None:
    folder = SITE / "help" / page.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(text_of(page, listing))


def text_of(page: HelpPage, listing: str) -> str:
    return PAGE.substitute(title=page.title, listing=listing, content=rendered(page))


if __name__ == "__main__":
    print(f"{build()} pages in {SITE.name}/")  # noqa: T201
