"""How the front door reaches what is behind it: the seam between proxy and sandboxes."""

import socket
from abc import ABC, abstractmethod

from firefly.errors import Unavailable
from firefly.routes import Target

from .progress import Progress, Step


class Dialer(ABC):
    """Gives connections to targets. The app's own socket is not its concern."""

    @abstractmethod
    def instance(self, target: Target) -> str | None:
        """Which instance of `target` runs now, a name that is never used again; None: none, `dial` may wake one.

        Called for each request, so without I/O. A pooled connection is used only while its instance is this one.
        """

    def is_awake(self, target: Target) -> bool:
        """Whether `dial` would have to start nothing; as cheap as `instance`."""
        return self.instance(target) is not None

    async def probe(self, target: Target) -> socket.socket:
        """Connect to what runs, for a look at its health: starts and wakes nothing, and is no activity.

        Raises
        ------
        Unavailable     nothing runs, or it cannot be looked at
        OSError         it runs, but nothing answers there
        """
        raise Unavailable("The health of this target is not looked at.")

    async def progress(self, target: Target) -> Progress:
        """How far it is on its way: starts and wakes nothing, and is no activity. Called once a second while asked.

        Raises what `probe` raises.
        """
        return Progress(Step.APPLICATION if self.is_awake(target) else Step.SANDBOX)

    @abstractmethod
    async def dial(self, target: Target) -> tuple[str, socket.socket]:
        """Connect, starting what sleeps. Returns the instance and a connected, non-blocking stream socket.

        Raises
        ------
        NotFound        the target is gone
        SandboxFailed   it does not start or crashed; members see its output
        Unavailable     it is on its way, or too busy (TimedOut: it took too long): trying again helps
        OSError         it runs, but nothing answers there
        """

    @abstractmethod
    def touch(self, target: Target, at: float) -> None:
        """Note activity: bytes passed last at `at`, by the monotonic clock. Called about once a second for each target
        in use, so it may tell of what was before the last change of the target."""
