"""Patterns for names with slashes, matched in one pass: whatever a stranger writes takes no longer than it is long.

`*` and `?` do not cross `/`, `**` does, and `**/` also stands for nothing.
"""

import re
from collections import defaultdict
from functools import lru_cache

_PART = re.compile(r"\*\*/|\*+|.", re.DOTALL)
_FOLDERS, _ANY, _SOME, _ONE = "**/", "**", "*", "?"
# What `**/` is made of: where one may go round it, what crosses folders, and its slash.
_WHOLE = (_FOLDERS, _ANY, "/")


class Glob:
    """Bit i of the states: the first i tokens have matched what was read so far."""

    def __init__(self, pattern: str) -> None:
        tokens = _tokens(pattern)
        self._end = 1 << len(tokens)
        self._folders = self._crossing = self._staying = self._ones = 0
        self._letters: dict[str, int] = defaultdict(int)
        for place, token in enumerate(tokens):
            bit = 1 << place
            if token == _FOLDERS:
                self._folders |= bit
            elif token == _ANY:
                self._crossing |= bit
            elif token == _SOME:
                self._staying |= bit
            elif token == _ONE:
                self._ones |= bit
            else:
                self._letters[token] |= bit
        self._stars = self._crossing | self._staying

    def matches(self, name: str) -> bool:
        """Whether the whole of it does."""
        states = self._skipped(1)
        for letter in name:
            stay, step = self._crossing, self._letters.get(letter, 0)
            if letter != "/":
                stay, step = stay | self._staying, step | self._ones
            states = self._skipped((states & stay) | (states & step) << 1)
            if not states:
                return False
        return bool(states & self._end)

    def _skipped(self, states: int) -> int:
        """Stars may stand for nothing; with `**/` its slash goes too."""
        entered = states & self._folders
        states |= entered << 1 | entered << len(_WHOLE)
        return states | (states & self._stars) << 1


def _tokens(pattern: str) -> list[str]:
    """No two stars follow one another."""
    while "**/**/" in pattern:
        pattern = pattern.replace("**/**/", "**/")
    tokens: list[str] = []
    for part in _PART.findall(pattern):
        if part[0] == "*" and tokens and tokens[-1] in (_ANY, _SOME):
            tokens[-1] = _ANY
            tokens += ["/"] if part == _FOLDERS else []
        elif part == _FOLDERS:
            tokens += _WHOLE
        else:
            tokens.append(_ANY if part.startswith("**") else part)
    return tokens


@lru_cache(maxsize=1000)
def glob(pattern: str) -> Glob:
    return Glob(pattern)
