"""The grammar of host labels on the content domain: label <-> what it stands for.

One label per preview, so that one wildcard certificate serves all. Parts are joined by `--`, which no name contains.
A part that could be read in two ways, or that lost something when it was written as a label, ends in `-` and six hex
digits of its hash, and a part that ends like that by itself gets them too. A label that would be too long is cut and
ends in `-` and sixteen hex digits; again, one that ends so by itself is treated as cut. Hence no two names share a
label, and `parse` never guesses: it answers None for what cannot be read back. The route table is the authority.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TypeAlias

from .errors import InvalidInput
from .names import LABEL_HASH, NAME, RESERVED_PARTS, RESERVED_PREFIXES, is_name

LONGEST_LABEL = 63
# A workspace's label leaves room for `65535--`, so that the labels of its ports derive from it.
LONGEST_WORKSPACE_LABEL = LONGEST_LABEL - len("65535--")
CHANNELS = {"staging": "staging", "production": "live"}

_PART_HASH = re.compile(r"(.+)-([0-9a-f]{6})")
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class WorkspaceLabel:
    """The shared workspace of a project: its main port, or the named one."""

    name: str
    owner: str
    port: int | None = None


@dataclass(frozen=True, slots=True)
class MemberLabel:
    """A member's own workspace: its main port, or the named one."""

    user: str
    name: str
    owner: str
    port: int | None = None


@dataclass(frozen=True, slots=True)
class BranchLabel:
    """The newest good build of a branch."""

    branch: str
    name: str
    owner: str


@dataclass(frozen=True, slots=True)
class PullRequestLabel:
    number: int
    name: str
    owner: str


@dataclass(frozen=True, slots=True)
class BuildLabel:
    number: int
    name: str
    owner: str


@dataclass(frozen=True, slots=True)
class ExtraLabel:
    """A further host of a branch that the project's configuration asks for."""

    sub: str
    branch: str
    name: str
    owner: str


@dataclass(frozen=True, slots=True)
class ChannelLabel:
    """`channel` is `staging` or `production`."""

    channel: str
    name: str
    owner: str


@dataclass(frozen=True, slots=True)
class EnvironmentLabel:
    """A public service of an environment; `prefix` is one word without a hyphen."""

    prefix: str
    environment: str


Label: TypeAlias = (
    WorkspaceLabel
    | MemberLabel
    | BranchLabel
    | PullRequestLabel
    | BuildLabel
    | ExtraLabel
    | ChannelLabel
    | EnvironmentLabel
)


def format(label: Label) -> str:
    """Write `label` as one DNS label of at most 63 characters. Raises InvalidInput for what is not a name."""
    _check(label)
    match label:
        case WorkspaceLabel(name, owner, port):
            return _with_port(f"{_project(name)}--{owner}", port)
        case MemberLabel(user, name, owner, port):
            return _with_port(f"me-{_user(user)}--{name}--{owner}", port)
        case BranchLabel(branch, name, owner):
            text = f"{_branch(branch)}--{name}--{owner}"
        case PullRequestLabel(number, name, owner):
            text = f"pr-{number}--{name}--{owner}"
        case BuildLabel(number, name, owner):
            text = f"build-{number}--{name}--{owner}"
        case ExtraLabel(sub, branch, name, owner):
            text = f"{_project(sub)}--{_branch(branch)}--{name}--{owner}"
        case ChannelLabel(channel, name, owner):
            text = f"{CHANNELS[channel]}--{name}--{owner}"
        case EnvironmentLabel(prefix, environment):
            text = f"{prefix}-{environment}"
    return _fit(text, LONGEST_LABEL)


def parse(text: str) -> Label | None:
    """Read a label back; None for what is none, was cut, or names a branch that its label does not spell out.

    Whatever is returned formats to `text` again.
    """
    if len(text) > LONGEST_LABEL or LABEL_HASH.fullmatch(text):
        return None
    parts = text.split("--")
    try:
        label = _READERS[len(parts)](*parts) if len(parts) in _READERS else None
        return label if label is not None and format(label) == text else None
    except InvalidInput:
        return None


def port_of(label: str) -> tuple[int, str] | None:
    """Split `<port>--<label of a workspace>`, cut or not; None when `label` does not begin with a port."""
    digits, separator, rest = label.partition("--")
    return (int(digits), rest) if separator and rest and _is_port(digits) else None


def _read_one(text: str) -> Label | None:
    prefix, hyphen, environment = text.partition("-")
    return EnvironmentLabel(prefix, environment) if hyphen else None


def _read_two(project: str, owner: str) -> Label:
    return WorkspaceLabel(_unmark(project), owner)


def _read_three(first: str, name: str, owner: str) -> Label:
    if _is_port(first):
        return WorkspaceLabel(_unmark(name), owner, int(first))
    for channel, word in CHANNELS.items():
        if first == word:
            return ChannelLabel(channel, name, owner)
    kind, _, rest = first.partition("-")
    if kind == "me":
        return MemberLabel(_unmark(rest), name, owner)
    if kind in ("pr", "build") and _NUMBER.fullmatch(rest):
        return (PullRequestLabel if kind == "pr" else BuildLabel)(int(rest), name, owner)
    return BranchLabel(_unmark(first), name, owner)


def _read_four(sub: str, branch: str, name: str, owner: str) -> Label:
    if _is_port(sub) and branch.startswith("me-"):
        return MemberLabel(_unmark(branch.removeprefix("me-")), name, owner, int(sub))
    return ExtraLabel(_unmark(sub), _unmark(branch), name, owner)


_READERS: dict[int, Callable[..., Label | None]] = {1: _read_one, 2: _read_two, 3: _read_three, 4: _read_four}


def _check(label: Label) -> None:
    for field in fields(label):
        value = getattr(label, field.name)
        if field.name == "port":
            valid = value is None or _is_port(str(value))
        elif field.name == "number":
            valid = _NUMBER.fullmatch(str(value)) is not None
        elif field.name == "branch":
            valid = bool(value)
        elif field.name == "channel":
            valid = value in CHANNELS
        else:
            valid = is_name(value) and not (field.name == "prefix" and "-" in value)
        if not valid:
            raise InvalidInput(f"{value!r} cannot stand in a host label as {field.name}.", field=field.name)


def _is_port(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and int(text) < 65536


def _project(name: str) -> str:
    # Hyphens in the third and fourth place belong to internationalised names (RFC 5891, 4.2.3.1).
    return _mark(name, name) if len(name) == 2 or _PART_HASH.fullmatch(name) else name


def _user(name: str) -> str:
    # A branch `me-…` is written with a hash.
    return _mark(name, name) if _PART_HASH.fullmatch(name) else name


def _branch(branch: str) -> str:
    plain = (
        NAME.fullmatch(branch)
        and len(branch) != 2
        and not branch.isdecimal()
        and branch not in RESERVED_PARTS
        and not branch.startswith(RESERVED_PREFIXES)
        and not _PART_HASH.fullmatch(branch)
    )
    if plain:
        return branch
    return _mark(re.sub(r"[^a-z0-9]+", "-", branch.lower()).strip("-") or "branch", branch)


def _mark(written: str, name: str) -> str:
    return f"{written}-{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:6]}"


def _unmark(part: str) -> str:
    found = _PART_HASH.fullmatch(part)
    return found[1] if found else part


def _with_port(text: str, port: int | None) -> str:
    base = _fit(text, LONGEST_WORKSPACE_LABEL)
    return base if port is None else f"{port}--{base}"


def _fit(text: str, limit: int) -> str:
    if len(text) <= limit and not LABEL_HASH.fullmatch(text):
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"{text[: limit - 17].rstrip('-')}-{digest}"
