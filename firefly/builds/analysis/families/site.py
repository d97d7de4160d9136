"""Pages: as they lie there, or as Hugo makes them."""

from firefly.builds.analysis.plan import Plan, Strategy
from firefly.builds.analysis.source import Source
from firefly.families import site

_HUGO = ("hugo.toml", "hugo.yaml", "hugo.json", "config/_default/hugo.toml")


def detect(source: Source) -> Plan | None:
    if path := source.first(*_HUGO):
        why = {"family": f"there is a {path}", "build": "Hugo is built so", "folder": "Hugo builds there"}
        return Plan(Strategy.SITE, "Hugo", "static", build=("hugo --minify",), folder="public", why=why)
    folder = site.folder(source)
    if folder is None:
        return None
    page = f"{folder}/{site.PAGE}" if folder else site.PAGE
    why = {"family": "there is no program", "folder": f"{page} is a page"}
    return Plan(Strategy.SITE, "static", "static", folder=folder, why=why)
