"""Which file of a folder answers a request: a page, a folder's index, another coding of it, one for what is missing.

What blocks stands here alone, so that one visit to a thread does all of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, NamedTuple, Protocol

from aiohttp import web

from .types import content_type

SAMPLE = 64 << 10
# Of each, the suffix under which a build may have put it beside the file; the smallest first.
CODINGS = (("br", ".br"), ("zstd", ".zst"), ("gzip", ".gz"))
_WORTH_CODING = (
    "text/",
    "application/json",
    "application/manifest+json",
    "application/xml",
    "application/wasm",
    "image/svg",
)


class Opened(NamedTuple):
    """`version` is another one where the bytes are."""

    file: BinaryIO
    size: int
    version: str


class Source(Protocol):
    """A folder of files."""

    def open(self, path: str) -> Opened | None:
        """A regular file below the folder, for the caller to close; `path` begins with a slash. None: there is none.

        Blocks. Raises OSError where it is there and cannot be read.
        """


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a request decides. `codings` are those that the client takes; `plain`: none but the file itself."""

    path: str
    navigates: bool
    codings: frozenset[str]

    @classmethod
    def of(cls, request: web.BaseRequest) -> "Asked":
        return cls(
            request.path,
            "text/html" in request.headers.get("Accept", ""),
            frozenset(_accepted(request.headers.get("Accept-Encoding", ""))),
        )


@dataclass(frozen=True, slots=True)
class Found:
    """`start` is the file's beginning. `varies`: who takes other codings gets another answer."""

    file: BinaryIO
    size: int
    version: str
    kind: str
    start: bytes
    status: int = 200
    coding: str | None = None
    varies: bool = False

    def close(self) -> None:
        self.file.close()


class Elsewhere:
    """It is a folder, whose pages' links are relative to its slash."""

    def close(self) -> None:
        """Nothing is open."""


def find(source: Source, asked: Asked, *, alters: bool) -> Found | Elsewhere | None:
    """`alters`: pages are changed on their way, so that they are needed as they are."""
    path = asked.path
    for candidate in () if _is_hidden(path) else _candidates(path):
        opened = source.open(candidate)
        if opened is None:
            continue
        if candidate == f"{path}/index.html":
            opened.file.close()
            return Elsewhere()
        return _read(source, candidate, opened, asked, alters=alters)
    for name, status in (("/200.html", 200), ("/404.html", 404)):
        if (status == 404 or asked.navigates) and (opened := source.open(name)) is not None:
            return replace(_read(source, name, opened, asked, alters=alters), status=status)
    return None


def _read(source: Source, path: str, opened: Opened, asked: Asked, *, alters: bool) -> Found:
    try:
        start = opened.file.read(SAMPLE)
        kind = content_type(path, start)
        found = Found(*opened, kind, start)
        if not kind.startswith(_WORTH_CODING) or (alters and kind.startswith("text/html")):
            return found
        return _coded(source, path, found, asked.codings)
    except BaseException:
        opened.file.close()
        raise


def _coded(source: Source, path: str, plain: Found, codings: frozenset[str]) -> Found:
    """The smallest form that the client takes, of those that lie beside the file."""
    for coding, suffix in CODINGS:
        if (beside := source.open(path + suffix)) is None:
            continue
        plain = replace(plain, varies=True)
        if coding not in codings:
            beside.file.close()
            continue
        plain.close()
        try:
            return replace(plain, **beside._asdict(), start=beside.file.read(SAMPLE), coding=coding)
        except BaseException:
            beside.file.close()
            raise
    return plain


def _accepted(field: str) -> Iterator[str]:
    for item in field.split(","):
        name, _, weight = item.partition(";")
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            yield name.strip().lower()


def _is_hidden(path: str) -> bool:
    """Dotfiles are nobody's business, save for .well-known (RFC 8615); with them goes what leads up."""
    parts = path.split("/")[1:]
    return "\0" in path or "" in parts[:-1] or any(part.startswith(".") and part != ".well-known" for part in parts)


def _candidates(path: str) -> tuple[str, ...]:
    if path.endswith("/"):
        return (f"{path}index.html",)
    return (path, f"{path}.html", f"{path}/index.html")
