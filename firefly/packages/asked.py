"""What a client asks of the cache for, read from the host that it means and the path.

    <path of the registry>/<name>                      npm, told of the cache: what there is of a package
    <path of the registry>/<name>/-/<name>-<version>.tgz
    /+python/simple/<name>/                            pip, told of the cache: the same
    /+python/files/<name>/<file>

Other tools mean a public registry, by its name, and are led here by a proxy; so they do with the registry's own host.

    registry.npmjs.org, registry.yarnpkg.com           as above, from the root on, and /<name>/<version or tag>
    pypi.org/simple/<name>/                            files in it keep their addresses
    pypi.org/pypi/<name>/<version>/json                one release, as Poetry asks for it
    files.pythonhosted.org/…/<file>                    and so at the host of the index, where that is another
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from .upstream import Upstreams

_NAME = r"(?:@[A-Za-z0-9~][\w.~-]*/)?[A-Za-z0-9~][\w.~-]*"
_PACKAGE = re.compile(rf"({_NAME})", re.ASCII)
_RELEASE = re.compile(rf"({_NAME})/([A-Za-z0-9][\w.+-]*)", re.ASCII)
_TARBALL = re.compile(rf"({_NAME})/-/([\w.~-]+)-(\d[\w.+-]*)\.tgz", re.ASCII)
_PAGE = re.compile(r"/\+python/simple/([a-z0-9-]+)/")
_FILE = re.compile(r"/\+python/files/([a-z0-9-]+)/([^/]+)")
_PUBLIC_PAGE = re.compile(r"/simple/([a-z0-9-]+)/")
_PUBLIC_RELEASE = re.compile(r"/pypi/([a-z0-9-]+)/([\w.+!-]+)/json", re.ASCII)
_PUBLIC_FILE = re.compile(r"/(?:[^/]+/)*([\w.+!-]+)", re.ASCII)
_WHEEL = re.compile(r"([A-Za-z0-9][\w.]*)-[^-]+(?:-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl(?:\.metadata)?", re.ASCII)
_SDIST = re.compile(r"([A-Za-z0-9][\w.-]*)-\d[^-]*\.(?:tar\.gz|zip|tar\.bz2)(?:\.metadata)?", re.ASCII)
# What leads up, also to servers that leave out what follows a semicolon, or read a path twice.
_UP = re.compile(r"(?:^|[/\\])\.\.(?:[/\\;?]|$)")
PUBLIC_NPM, PUBLIC_HOME = "https://registry.npmjs.org/", "https://pypi.org/"
PUBLIC_INDEX = f"{PUBLIC_HOME}simple/"


class Kind(Enum):
    """`REGISTRY`: npm's, from the root of the host on."""

    REGISTRY = auto()
    INDEX = auto()
    FILES = auto()


_HOSTS = {
    "registry.npmjs.org": Kind.REGISTRY,
    "registry.yarnpkg.com": Kind.REGISTRY,
    "pypi.org": Kind.INDEX,
    "files.pythonhosted.org": Kind.FILES,
}


@dataclass(frozen=True, slots=True)
class Package:
    name: str


@dataclass(frozen=True, slots=True)
class Release:
    """`version` may be a tag."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Tarball:
    """`stem` is how the file says that the package is called."""

    name: str
    stem: str
    version: str


@dataclass(frozen=True, slots=True)
class Page:
    project: str


@dataclass(frozen=True, slots=True)
class Told:
    """One release of a project in an index."""

    project: str
    version: str


@dataclass(frozen=True, slots=True)
class File:
    project: str
    name: str


Asked: TypeAlias = Package | Release | Tarball | Page | Told | File


def hosts(upstreams: Upstreams) -> Mapping[str, Kind]:
    """The public registries that the cache can stand for, and where an index of the operator's has its files."""
    known = {Kind.REGISTRY: upstreams.npm, Kind.INDEX: upstreams.python, Kind.FILES: upstreams.python}
    found = {host: kind for host, kind in _HOSTS.items() if known[kind]}
    own = urlsplit(upstreams.python)
    return {own.netloc: Kind.FILES, **found} if own.scheme == "https" and own.netloc == own.hostname else found


def by_host(kind: Kind, path: str) -> Asked | None:
    """What is meant at a public registry; None for what the cache does not know."""
    match kind:
        case Kind.REGISTRY:
            return _of_npm(path.removeprefix("/")) or _release(path.removeprefix("/"))
        case Kind.INDEX:
            if found := _PUBLIC_RELEASE.fullmatch(path):
                return Told(found[1], found[2])
            return Page(found[1]) if (found := _PUBLIC_PAGE.fullmatch(path)) else None
        case Kind.FILES:
            found = _PUBLIC_FILE.fullmatch(path)
            return _file(found[1]) if found else None


def by_path(path: str, upstreams: Upstreams) -> Asked | None:
    """What is meant by who was told of the cache."""
    if upstreams.python and (found := _PAGE.fullmatch(path)):
        return Page(found[1])
    if upstreams.python and (found := _FILE.fullmatch(path)):
        return File(found[1], found[2])
    prefix = urlsplit(upstreams.npm).path
    return _of_npm(path.removeprefix(prefix)) if upstreams.npm and path.startswith(prefix) else None


def _of_npm(rest: str) -> Asked | None:
    if found := _TARBALL.fullmatch(rest):
        return Tarball(found[1], found[2], found[3])
    found = _PACKAGE.fullmatch(rest)
    return Package(found[1]) if found else None


def _release(rest: str) -> Release | None:
    found = _RELEASE.fullmatch(rest)
    return Release(found[1], found[2]) if found else None


def _file(name: str) -> File | None:
    """Whose it is, as far as its name says; files of long ago may be called otherwise."""
    found = _WHEEL.fullmatch(name) or _SDIST.fullmatch(name)
    return File(re.sub(r"[-_.]+", "-", found[1]).lower(), name) if found else None


def public(kind: Kind, host: str, path: str, upstreams: Upstreams) -> str:
    """Where in fact is what a client means at a public registry; empty where the server does not ask for it.

    Of an operator's own registry nothing but what lies below its address: the rest of that host may be for others.
    """
    if _UP.search(unquote(unquote(path))):
        return ""
    match kind:
        case Kind.REGISTRY:
            return upstreams.npm + path.removeprefix("/")
        case Kind.INDEX if path.startswith("/simple/"):
            return upstreams.python + path.removeprefix("/simple/")
        case _ if host in _HOSTS and upstreams.python == PUBLIC_INDEX:
            return f"https://{host}{path}"
    return ""
