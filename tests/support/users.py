"""Running a program as an ordinary user from a test run that is root, also where the checkout lies below /root."""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from firefly import privileges

ORDINARY_UID = 64200
ROOT = Path(__file__).resolve().parents[2]


def needed_paths() -> list[Path]:
    """What every Python program of this checkout reads: the interpreter, the virtual environment, the checkout."""
    paths = {Path(sys.base_prefix), Path(sys.prefix), ROOT}
    return [path for path in sorted(paths) if not any(other in path.parents for other in paths)]


def closed_ancestor(path: Path) -> Path | None:
    """The topmost folder above `path` that others may not pass through."""
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & 0o001:
            return folder
    return None


def expose(paths: Iterable[Path]) -> None:
    """Let others reach `paths` at their own places, in a mount namespace of the calling process. Needs root."""
    privileges.unshare(privileges.CLONE_NEWNS)
    privileges.mount("none", "/", None, privileges.MS_REC | privileges.MS_PRIVATE)
    hidden = [(path, ancestor) for path in paths if (ancestor := closed_ancestor(path))]
    held = {path: os.open(path, os.O_PATH) for path, _ in hidden}
    for ancestor in {ancestor for _, ancestor in hidden}:
        privileges.mount("tmpfs", str(ancestor), "tmpfs", privileges.MS_NOSUID, "mode=0755,size=1m")
    for path, descriptor in held.items():
        path.mkdir(parents=True, exist_ok=True)
        privileges.mount(f"/proc/self/fd/{descriptor}", str(path), None, privileges.MS_BIND | privileges.MS_REC)
        os.close(descriptor)


def ordinary(*, uid: int = ORDINARY_UID, extra: Iterable[Path] = ()) -> Callable[[], None]:
    """A `preexec_fn` that turns the child into an ordinary user who can still read what it needs."""
    paths = [*needed_paths(), *extra]

    def enter() -> None:
        expose(paths)
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)

    return enter
