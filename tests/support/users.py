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
    return [Path(sys.base_prefix), Path(sys.prefix), ROOT]


def ordinary(*, uid: int = ORDINARY_UID, extra: Iterable[Path] = ()) -> Callable[[], None]:
    """A `preexec_fn` that turns the child into an ordinary user who can still read what it needs."""
    paths = [*needed_paths(), *extra]

    def enter() -> None:
        privileges.expose(paths)
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)

    return enter
