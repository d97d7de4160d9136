"""`watch.json`: which files install and restart when they change, by regular expressions, and how long that waits."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from firefly.families.tree import Tree
from firefly.protocol.manifest import Section, Texts, read, validated

NAME = "watch.json"
# What reads it waits for each expression: none may take longer than some times the square of a path.
_LONGEST, _MOST_REPEATS, _MOST_WAYS = 200, 2, 128
# Stands for one character, so that nothing in it counts.
_SINGLE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_REPEAT = re.compile(r"[*+]|\{\d*,\d*\}")
# A group that is repeated, or may be, where spaces do not count.
_REPEATED_GROUP = re.compile(r"\)(?:[*+]|\{)|\(\?[a-zA-Z]*x")
_FORK = re.compile(r"\(\??|[)|?]")
_PLAIN = re.compile(r"\^((?:[\w/ @-]|\\[^\w])+)\$")
# Milliseconds.
_LATEST = 3_600_000


@dataclass(frozen=True, slots=True)
class Watched:
    """Of paths: what restarts, what does not though something else says so; and files that are installed from."""

    restart: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    install: tuple[str, ...] = ()
    throttle: float | None = None

    def restarts(self, path: str) -> bool:
        return _matches(self.restart, path)

    def leaves(self, path: str) -> bool:
        return _matches(self.unless, path)


def watched(tree: Tree, candidates: Sequence[str]) -> Watched:
    """What it says; of `candidates`, and files that it names one by one, those are installed from that are there.

    Raises ManifestError, which names the line, for one that is wrong.
    """
    text = tree.text(NAME)
    if text is None:
        return Watched()
    # Between its tokens JSON may have tabs, which YAML has not.
    said = validated(_WatchFile, *read(text.replace("\t", "  "), NAME), NAME)
    return Watched(
        restart=tuple(said.restart.include),
        unless=tuple(said.restart.exclude),
        install=tuple(dict.fromkeys(_installed_from(said.install, tree, candidates))),
        throttle=None if said.throttle is None else said.throttle / 1000,
    )


def _installed_from(said: "_Changes", tree: Tree, candidates: Sequence[str]) -> Iterator[str]:
    named = [re.sub(r"\\(.)", r"\1", found[1]) for one in said.include if (found := _PLAIN.fullmatch(one))]
    for path in (*named, *candidates):
        if _matches(said.include, path) and not _matches(said.exclude, path) and tree.has(path):
            yield path


def _matches(expressions: Sequence[str], path: str) -> bool:
    return any(re.search(expression, path) for expression in expressions)


def _expression(value: str) -> str:
    plain = _SINGLE.sub("x", value)
    if len(value) > _LONGEST or len(_REPEAT.findall(plain)) > _MOST_REPEATS or _REPEATED_GROUP.search(plain):
        raise ValueError(f"an expression has {_LONGEST} characters, two repeats and no repeated group at most")
    if _ways(plain) > _MOST_WAYS:
        raise ValueError(f"an expression may be read in {_MOST_WAYS} ways at most; it has too many of | and ?")
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{value} is no regular expression: {error}") from error
    return value


def _ways(plain: str) -> int:
    """Through all alternatives and what may be left out, at most."""
    ways, groups = 1, [1]
    for mark in _FORK.findall(plain):
        match mark:
            case "|":
                groups[-1] += 1
            case "?":
                ways *= 2
            case ")":
                ways *= groups.pop() if len(groups) > 1 else 1
            case _:
                groups.append(1)
    return ways * math.prod(groups)


_Expressions = Annotated[Texts, AfterValidator(lambda values: [_expression(value) for value in values])]


class _Changes(Section):
    include: _Expressions = Field(default_factory=list, max_length=100)
    exclude: _Expressions = Field(default_factory=list, max_length=100)


class _WatchFile(Section):
    install: _Changes = _Changes()
    restart: _Changes = _Changes()
    throttle: float | None = Field(default=None, ge=0, le=_LATEST)
