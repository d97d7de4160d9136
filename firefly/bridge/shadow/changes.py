"""What has changed since the last flush: paths as the watcher tells them, sorted by what is to be done with them."""

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from firefly.bridge.workspace import REPOSITORY
from firefly.protocol.workspace import Refused

LARGEST = 100 << 20
REMEDY = "Keep it outside of the project, or name it in .gitignore: the copy of ignored files takes larger ones."


@dataclass(slots=True)
class Changes:
    """`everything`: nobody knows what, so all must be looked at. `references`: HEAD or its branch may have moved."""

    paths: set[str] = field(default_factory=set)
    everything: bool = False
    references: bool = False

    def __bool__(self) -> bool:
        return bool(self.paths or self.everything or self.references)

    def add(self, other: "Changes") -> None:
        self.paths |= other.paths
        self.everything |= other.everything
        self.references |= other.references

    def take(self) -> "Changes":
        taken = Changes(self.paths, self.everything, self.references)
        self.paths, self.everything, self.references = set(), False, False
        return taken


@dataclass(slots=True)
class Sorted:
    """`nested`: below a repository of its own, which git does not look into."""

    present: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    nested: list[str] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def sort(root: Path, paths: Iterable[str]) -> Sorted:
    """Look at each path, without following links."""
    found, repositories, above = Sorted(), dict[str, bool](), f"{root}{os.sep}"
    for path in sorted(paths):
        if _is_nested(root, path, repositories):
            found.nested.append(path)
            continue
        try:
            status = os.lstat(above + path)
        except OSError:
            found.gone.append(path)
            continue
        if stat.S_ISREG(status.st_mode) and status.st_size > LARGEST:
            reason = f"A checkpoint holds files of up to {LARGEST >> 20} MiB."
            found.refused.append(Refused(path=_printable(path), size=status.st_size, reason=reason, remedy=REMEDY))
        elif stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
            found.present.append(path)
        elif not stat.S_ISDIR(status.st_mode):
            found.gone.append(path)
    return found


def _is_nested(root: Path, path: str, known: dict[str, bool]) -> bool:
    folder = path.removesuffix("/") if path.endswith("/") else path.rpartition("/")[0]
    while folder:
        if folder not in known:
            known[folder] = os.path.lexists(root / folder / REPOSITORY)
        if known[folder]:
            return True
        folder = folder.rpartition("/")[0]
    return False


def _printable(path: str) -> str:
    return path.encode("utf-8", "replace").decode()
