"""Runs pytest as an ordinary user: `python -m tests.sandbox.ordinary_user FOLDER ARGUMENT ...`, started by root.

Folders that only root may enter, with this Python below one of them, are made passable for this process alone.
"""

import os
import sys
from pathlib import Path

from firefly import privileges

UID = 1_899_999_999


def settle(folder: Path) -> Path:
    """Become that user, with a folder of its own, to which `folder`/base leads; returns it."""
    base = Path(f"/tmp/firefly-ordinary-{os.getpid()}")
    base.mkdir(mode=0o700)
    os.chown(base, UID, UID)
    (folder / "base").symlink_to(base)
    privileges.expose([Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), Path.cwd()])
    # As udev's rules leave it to everybody; without them only root may open it.
    privileges.lend_device(Path("/dev/net/tun"), UID)
    privileges.become(UID, UID)
    os.environ.update(HOME=str(base), PYTHONDONTWRITEBYTECODE="1")
    return base


def main(folder: Path, arguments: list[str]) -> None:
    base = settle(folder)
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not once", "--basetemp", str(base / "tests")]
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *options, *arguments])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
