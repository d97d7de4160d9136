"""The patterns of a .dockerignore, as Docker means them; what they match is no part of the context."""

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass

NAME = ".dockerignore"
# More of them are refused: every path is held against each.
MOST = 500
# How far a pattern has been followed on the way to a path; None: to its end.
Places = frozenset[int] | None


@dataclass(frozen=True, slots=True)
class Pattern:
    """`steps` are what the names on the way are held against; None stands for any number of names."""

    steps: Sequence[re.Pattern[str] | None]
    excludes: bool

    def begin(self) -> Places:
        return self._passed({0})

    def follow(self, places: Places, name: str) -> Places:
        """Where a name leads on from there. What lies in a folder that is meant is meant, too."""
        if places is None:
            return None
        reached = set[int]()
        for place in places:
            step = self.steps[place]
            if step is None:
                reached.add(place)
            elif step.fullmatch(name):
                reached.add(place + 1)
        found = self._passed(reached)
        return None if len(self.steps) in found else found

    def _passed(self, places: set[int]) -> frozenset[int]:
        """With those behind each `**`, which may stand for no name at all."""
        for place in tuple(places):
            while place < len(self.steps) and self.steps[place] is None:
                place += 1
                places.add(place)
        return frozenset(places)


class Ignored:
    """Paths are relative, with slashes. Raises ValueError for a text with more patterns than are read."""

    def __init__(self, text: str) -> None:
        lines = [line.strip() for line in text.splitlines() if not line.startswith("#")]
        self._patterns = [found for line in lines if (found := _pattern(line)) is not None]
        if len(self._patterns) > MOST:
            raise ValueError(f"it has more than {MOST} patterns")
        self._folders: dict[str, list[Places]] = {"": [pattern.begin() for pattern in self._patterns]}

    def __contains__(self, path: str) -> bool:
        ignored = False
        for pattern, places in zip(self._patterns, self._followed(path), strict=True):
            if places is None:
                ignored = pattern.excludes
        return ignored

    def _followed(self, path: str) -> list[Places]:
        above, _, name = path.rpartition("/")
        known = self._folders.get(above)
        if known is None:
            known = self._folders[above] = self._followed(above)
        return [pattern.follow(places, name) for pattern, places in zip(self._patterns, known, strict=True)]


def _pattern(line: str) -> Pattern | None:
    names: list[str] = []
    for name in line.removeprefix("!").strip().split("/"):
        if name == "..":
            del names[-1:]
        elif name not in ("", "."):
            names.append(name)
    steps = [None if name == "**" else _step(name) for name in names]
    return Pattern(steps, excludes=not line.startswith("!")) if steps else None


def _step(name: str) -> re.Pattern[str]:
    """Without backtracking, whatever it says: `fnmatch` sees to that."""
    plain = re.sub(r"\\(.)", lambda found: f"[{found[1]}]" if found[1] in "*?[" else found[1], name)
    return re.compile(fnmatch.translate(plain.replace("[^", "[!")))
