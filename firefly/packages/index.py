"""The page of a project in a Python index, with the files' addresses here instead of elsewhere, or as they are.

Standard library only: it is run as a program, page in and page out, since large pages would hold up the server.
"""

import json
import re
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

# In the page beside what a client knows: where each file is, and its SHA-256.
PLACES = "_firefly"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def turn(page: bytes, url: str, *, moved: bool = True) -> bytes:
    """`url` is the page's own. Files that the server does not fetch keep their addresses, and all do unless `moved`."""
    found = json.loads(page)
    places: dict[str, tuple[str, str]] = {}
    for file in found["files"]:
        places |= dict(_placed(file, url, moved))
    return json.dumps({**found, PLACES: places}, separators=(",", ":")).encode()


def _placed(file: dict[str, Any], url: str, moved: bool) -> Iterator[tuple[str, tuple[str, str]]]:
    name, at = file["filename"], urljoin(url, file["url"]).partition("#")[0]
    file["url"] = at
    sha256 = file.get("hashes", {}).get("sha256", "")
    if not _SHA256.fullmatch(sha256) or "/" in name or not _may_be_asked(at, url):
        return
    if moved:
        file["url"] = f"../../files/{_project(url)}/{quote(name)}"
    yield name, (at, sha256)
    told = file.get("core-metadata") or file.get("data-dist-info-metadata") or file.get("dist-info-metadata")
    if isinstance(told, dict) and _SHA256.fullmatch(told.get("sha256", "")):
        yield f"{name}.metadata", (f"{at}.metadata", told["sha256"])
        return
    # What nobody can check is not offered.
    for key in ("core-metadata", "data-dist-info-metadata", "dist-info-metadata"):
        file.pop(key, None)


def _may_be_asked(at: str, url: str) -> bool:
    """Whoever may upload to an index could name an address of the server's own network; those have no certificate."""
    parts = urlsplit(at)
    return parts.scheme == "https" or (parts.scheme, parts.netloc) == urlsplit(url)[:2]


def _project(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]


if __name__ == "__main__":
    sys.stdout.buffer.write(turn(sys.stdin.buffer.read(), sys.argv[1], moved=sys.argv[2:] == ["moved"]))
