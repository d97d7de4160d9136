"""What sites need of other parts."""

import socket
from typing import Protocol
from uuid import UUID

from firefly.protocol.application import ApplicationStatus, Line

from .facts import SiteFacts


class Unpacking(Protocol):
    async def begin(self, digest: str) -> UUID:
        """A workspace of its own with an artifact's files in it, whose sandbox runs; it is the caller's to remove.

        Raises NotFound where the artifact is gone, Conflict where it is broken, and what keeps a sandbox from starting.
        """


class Exhibits(Protocol):
    """Sites that are nothing but pages, shown by the server itself. Raises what keeps one from being shown."""

    async def show(self, site_id: UUID) -> None:
        """Ready to answer, when this returns."""

    async def connect(self, site_id: UUID) -> socket.socket: ...

    def forget(self, build_id: UUID) -> None:
        """The site of that build has changed: here at once, on other servers when the bus tells them."""


class SiteBridges(Protocol):
    """Calls to the bridges of sites, none of which starts a sandbox. Raises what bridges raise."""

    async def furnish(self, facts: SiteFacts, *, patience: float) -> None:
        """Give a sandbox that has just been started what it lacks of its artifact, and tell it what to run.

        `patience`: seconds for the database of the site before, which that may be slow to tell; then it begins anew.
        """

    async def application(self, workspace_id: UUID, *, wait: float) -> ApplicationStatus: ...

    async def output(self, workspace_id: UUID, *, after: int | None) -> list[Line]:
        """What the site printed after a line, as far as it is kept."""
