"""What can happen at a provider."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from ..model import PullRequest

# Of one call: a push of more refs than this says so, and all are looked at.
MOST_CHANGES = 1000


@dataclass(frozen=True, slots=True)
class RefChanged:
    """`ref` begins with refs/. `commit` is None where the payload does not tell; `is_gone`: it was deleted."""

    ref: str
    commit: str | None = None
    is_gone: bool = False
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class Pushed:
    changes: Sequence[RefChanged]
    actor: str


class PullRequestAction(StrEnum):
    OPENED = "opened"
    REOPENED = "reopened"
    SYNCHRONISED = "synchronised"
    EDITED = "edited"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class PullRequestChanged:
    action: PullRequestAction
    pull: PullRequest
    actor: str


class RepositoryChange(StrEnum):
    RENAMED = "renamed"
    DELETED = "deleted"
    PRIVATE = "made private"
    PUBLIC = "made public"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class RepositoryChanged:
    """`path` is the repository's name now."""

    what: RepositoryChange
    path: str


@dataclass(frozen=True, slots=True)
class MembersChanged:
    """Whoever may read there has changed; `user` where the payload names somebody."""

    user: str


@dataclass(frozen=True, slots=True)
class InstallationChanged:
    """Of an App: `is_gone` where it may not reach the repository any more."""

    is_gone: bool


@dataclass(frozen=True, slots=True)
class Ping:
    pass


Happening: TypeAlias = Pushed | PullRequestChanged | RepositoryChanged | MembersChanged | InstallationChanged | Ping


def summary(happening: Happening) -> str:
    """For the list of deliveries."""
    match happening:
        case Pushed(changes):
            names = [change.ref.partition("/")[2].partition("/")[2] for change in changes]
            gone = "deleted " if changes and all(change.is_gone for change in changes) else ""
            return f"push: {gone}{', '.join(names[:3])}{' …' if len(names) > 3 else ''}"
        case PullRequestChanged(action, pull):
            return f"pull request {pull.number} {action.value}"
        case RepositoryChanged(what, path):
            return f"repository {what.value}: {path}"
        case MembersChanged(user):
            return f"members changed{f': {user}' if user else ''}"
        case InstallationChanged(is_gone):
            return "App removed" if is_gone else "App changed"
        case Ping():
            return "ping"
