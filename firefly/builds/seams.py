"""What the parts of building ask of one another, each as small as its use."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from .model import Build, Outcome


class StepLog(Protocol):
    """One step of a build, which ends as its block does: succeeded, or failed by whatever was raised."""

    async def write(self, data: bytes, *, stream: str = "out") -> None:
        """Output as it comes, `out` or `err`, cut anywhere. A slow reader never holds it up."""

    async def say(self, text: str) -> None:
        """A line of Firefly's own."""

    def exited(self, code: int) -> None:
        """The exit status of its command; the step has failed unless it is 0."""

    def skip(self, reason: str) -> None:
        """Nothing had to be done."""


class BuildLog(Protocol):
    """What one build writes: steps, and in them lines. Everything is masked, stored and told to viewers by it."""

    def step(self, name: str, command: str | None = None) -> AbstractAsyncContextManager[StepLog]:
        """Begin a step; they follow one another."""

    def mask(self, *values: str) -> None:
        """These are written as `•••` from now on, also where they are cut between two pieces of output."""

    def hide(self, text: str) -> str:
        """As it may be shown elsewhere: without what is masked."""

    async def last_lines(self, count: int = 120) -> list[str]:
        """Of the step that was begun last, without colours."""


class Runner(Protocol):
    """Turns a build into its artifact. Being cancelled is how a build is ended: nothing it started is left then."""

    async def run(self, build: Build, log: BuildLog) -> Outcome: ...


class Publisher(Protocol):
    """Shows what was built."""

    async def publish(self, build: Build, log: BuildLog) -> None:
        """Start it, look whether it answers, switch the routes. What goes wrong is the site's failure, not raised."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something happened to a build or its site.

    `kind` is `queued`, `started`, `ended`, `live` or `gone`; `attempt` counts from 1.
    """

    build: Build
    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 1


class Listener(Protocol):
    """Told of every change, each in its own time: one that fails is told again later and keeps nobody else waiting."""

    name: str
    kinds: frozenset[str]

    async def heed(self, notice: Notice) -> None:
        """Has a limit of its own. What is raised is written down, and the notice comes again, up to a bound."""
