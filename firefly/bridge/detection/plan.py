"""What is to be run, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from firefly.protocol.activity import Wishes
from firefly.protocol.application import ApplicationKind

if TYPE_CHECKING:
    from firefly.bridge.detection.watchfile import Watched


@dataclass(frozen=True, slots=True)
class InstallStep:
    """One command before the start: done `always`, else when one of `inputs` changed or `result` is not there."""

    name: str
    command: str
    inputs: tuple[str, ...]
    result: str | None
    always: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """`folder` is what a static site is served from; `found_by` is a sentence for people.

    `install` brings in dependencies; `build` makes what runs, anew at each start.
    """

    kind: ApplicationKind
    command: str | None
    found_by: str
    port: int
    install: tuple[InstallStep, ...] = ()
    build: tuple[InstallStep, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""
    restart_on: tuple[str, ...] = ()
    restarts_by: "Watched | None" = None
    inject: bool = True
    throttle: float = 0.1
    notes: tuple[str, ...] = ()
    wishes: Wishes = field(default_factory=Wishes)

    def restarts(self, path: str) -> bool:
        """Whether a change of this file asks for a restart."""
        named = any(fnmatch(path, pattern) for pattern in self.restart_on)
        by = self.restarts_by
        return named if by is None else (named or by.restarts(path)) and not by.leaves(path)
