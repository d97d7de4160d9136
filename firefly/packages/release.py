"""One release of a project as PyPI's own API tells it, made of the project's page, which every index has.

Poetry asks so. What a release depends on is left open, as it is for those that never told: it is read from the files.
Standard library only: it is run as a program, page in and release out, since large pages would hold up the server.
"""

import json
import re
import sys
from typing import Any

_WHEEL = re.compile(r"[^-]+-([^-]+)-.+\.whl")
_SDIST = r"-([^/]+)\.(?:tar\.gz|zip|tar\.bz2|tgz)"
_SPELT = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc", "rev": "post", "r": "post", "v": ""}
_PARTS = re.compile(r"\d+|[a-z]+")


def tell(page: bytes, project: str, version: str) -> bytes:
    """Empty where the page has no file of the release."""
    files = [file for file in json.loads(page)["files"] if _is_of(file["filename"], project, version)]
    if not files:
        return b""
    info = {
        "name": project,
        "version": version,
        "summary": "",
        "requires_dist": None,
        "requires_python": next((file["requires-python"] for file in files if file.get("requires-python")), None),
        **_yanked(all(file.get("yanked") for file in files), files[0]),
    }
    return json.dumps({"info": info, "urls": [_told(file) for file in files]}).encode()


def _told(file: dict[str, Any]) -> dict[str, Any]:
    """Without a strong hash it has none here either, and a client that wants one finds nothing."""
    told = {
        "filename": file["filename"],
        "url": file["url"],
        "digests": file.get("hashes", {}),
        "packagetype": "bdist_wheel" if file["filename"].endswith(".whl") else "sdist",
        **_yanked(bool(file.get("yanked")), file),
    }
    if "size" in file:
        told["size"] = file["size"]
    if "upload-time" in file:
        told["upload_time_iso_8601"] = file["upload-time"]
    return told


def _yanked(is_so: bool, file: dict[str, Any]) -> dict[str, Any]:
    said = file.get("yanked")
    return {"yanked": is_so, "yanked_reason": said if is_so and isinstance(said, str) else None}


def _is_of(name: str, project: str, version: str) -> bool:
    spelt = "[-_.]+".join(map(re.escape, project.split("-")))
    found = _WHEEL.fullmatch(name) or re.fullmatch(spelt + _SDIST, name, re.IGNORECASE)
    return found is not None and _parts(found[1]) == _parts(version)


def _parts(version: str) -> list[str]:
    """What is left of a version where it may be spelt in several ways."""
    spelt = [_SPELT.get(part, part) for part in _PARTS.findall(version.lower())]
    return [str(int(part)) if part.isdigit() else part for part in spelt if part]


if __name__ == "__main__":
    sys.stdout.buffer.write(tell(sys.stdin.buffer.read(), sys.argv[1], sys.argv[2]))
