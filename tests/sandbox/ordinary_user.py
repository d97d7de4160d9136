"""Runs pytest as an ordinary user: `python -m tests.sandbox.ordinary_user FOLDER ARGUMENT ...`, started by root.

Folders that only root may enter, with this Python below one of them, are made passable for this process alone.
"""

import os
import sys
from pathlib import Path

from firefly import privileges

UID = 1_899_999_999


def closed_ancestor(path: Path) -> Path | None:
    """The topmost folder on the way to `path` that others may not pass."""
    return next((p for p in reversed(path.parents) if not p.stat().st_mode & 0o001), None)


def open_way(path: Path) -> None:
    """Show nothing but `path` below the folder that is closed, in a mount namespace of this process."""
    closed = closed_ancestor(path)
    if closed is None:
        return
    source = os.open(path, os.O_PATH)
    privileges.mount("tmpfs", str(closed), "tmpfs", privileges.MS_NOSUID, "mode=0755")
    path.mkdir(parents=True)
    privileges.mount(f"/proc/self/fd/{source}", str(path), None, privileges.MS_BIND | privileges.MS_REC)
    os.close(source)


def main(folder: Path, arguments: list[str]) -> None:
    base = Path(f"/tmp/firefly-ordinary-{os.getpid()}")
    base.mkdir(mode=0o700)
    os.chown(base, UID, UID)
    (folder / "base").symlink_to(base)
    privileges.unshare(privileges.CLONE_NEWNS)
    privileges.mount("none", "/", None, privileges.MS_REC | privileges.MS_PRIVATE)
    # Outer folders first: what lies in one is seen with it.
    for path in sorted({Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), Path.cwd()}):
        open_way(path)
    privileges.become(UID, UID)
    os.environ.update(HOME=str(base), PYTHONDONTWRITEBYTECODE="1")
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--basetemp", str(base / "tests")]
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *options, *arguments])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
