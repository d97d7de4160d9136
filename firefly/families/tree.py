"""A project's files as whoever decides by them sees them: single small texts, never the whole of it."""

import json
import re
import tomllib
from abc import ABC, abstractmethod
from collections.abc import Mapping

LARGEST = 256 << 10
# Of one folder; who has more of them in a place that is looked at has generated them.
MOST_NAMES = 1000
# Of a key in TOML: the time that the library takes for one grows with the square of its parts, and that for each key
# of a table with the parts of the table's own.
MOST_PARTS = 32
_LONG_KEY = re.compile(
    rf"""(?:\.[ \t]*+(?:[\w-]++|"(?>(?:[^"\\\n]|\\.)*)"|'[^'\n]*+')[ \t]*+){{{MOST_PARTS}}}""", re.ASCII
)


class Tree(ABC):
    """Paths are relative, with slashes. Nothing here raises for what a project holds, however strange it is."""

    @abstractmethod
    def text(self, path: str) -> str | None:
        """The contents, or None when there is no such regular file of a sensible size."""

    @abstractmethod
    def has(self, path: str) -> bool:
        """Whether there is such a regular file."""

    @abstractmethod
    def names(self, folder: str = "") -> tuple[str, ...]:
        """What lies in a folder, sorted; the first thousand. Names that are no text are left out."""

    def first(self, *paths: str) -> str | None:
        return next((path for path in paths if self.has(path)), None)

    def json(self, path: str) -> Mapping[str, object]:
        """An object, or an empty one."""
        try:
            value = json.loads(self.text(path) or "{}")
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    def toml(self, path: str) -> Mapping[str, object]:
        """A table, or an empty one."""
        text = self.text(path) or ""
        if _LONG_KEY.search(text):
            return {}
        try:
            return tomllib.loads(text)
        except (ValueError, RecursionError):
            return {}


def table(value: object, *keys: str) -> Mapping[str, object]:
    """What is below `keys`, or nothing where it is no table."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def texts(value: object) -> Mapping[str, str]:
    """The entries of a table that are texts."""
    return {str(key): text for key, text in table(value).items() if isinstance(text, str)}
