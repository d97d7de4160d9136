"""What lies under every workspace of a machine, as one digest: its system, and the programs of sandboxes."""

import asyncio
import hashlib
import json
import platform
from collections.abc import Iterator
from pathlib import Path

from .runtimes import Runtimes, find

_RELEASE = Path("/etc/os-release")
_PROGRAMS = (
    "python3",
    "node",
    "npm",
    "ruby",
    "php",
    "go",
    "java",
    "javac",
    "mvn",
    "cargo",
    "composer",
    "git",
    "gcc",
    "psql",
)
_PLACES = (Path("/usr/local/bin"), Path("/usr/bin"))


async def digest(data_dir: Path) -> str:
    """Another one where the same commands could make something else, as after an upgrade of Node."""
    return await asyncio.to_thread(_digest, data_dir)


def _digest(data_dir: Path) -> str:
    found = find(data_dir)
    parts = [platform.machine(), _text(_RELEASE), *_programs(found)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _programs(found: Runtimes) -> Iterator[str]:
    """Each that is there, with what changes when it is installed anew."""
    for folder in (*found.binaries, *_PLACES):
        for name in _PROGRAMS:
            try:
                path = (folder / name).resolve()
                status = path.stat()
            except OSError:
                continue
            yield f"{path} {status.st_size} {int(status.st_mtime)}"


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
