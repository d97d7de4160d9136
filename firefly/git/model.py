"""Services, pushes and progress: the words that the git package shares."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias
from uuid import UUID

from ..store import Connection


class Service(StrEnum):
    """What a git client asks for; the value is its name on the wire."""

    UPLOAD_PACK = "git-upload-pack"
    RECEIVE_PACK = "git-receive-pack"


@dataclass(frozen=True, slots=True)
class RefChange:
    """Object names in hexadecimal; all zeros: the ref was made, or deleted."""

    ref: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class PushRecorded:
    """A push that is in the repository and in PostgreSQL. `changes` holds only what git accepted.

    `told`: lines for the pusher, from whoever wrote something down with it.
    """

    id: UUID
    project_id: UUID
    pusher_id: UUID | None
    via: str
    changes: Sequence[RefChange]
    told: Sequence[str] = ()


# Writes down what follows from a push, in the transaction in which that is settled; returns lines for the pusher.
Follow: TypeAlias = Callable[[Connection], Awaitable[Sequence[str]]]


class PushRecorder(Protocol):
    async def prepare(self, push: PushRecorded) -> Follow:
        """Before that transaction, whatever takes longer. Called for every push, also those from workspaces."""
        ...


class PushListener(Protocol):
    async def pushed(self, push: PushRecorded) -> Sequence[str]:
        """Called once after a push from outside is recorded; returns lines for the pusher (`remote: …`)."""
        ...
