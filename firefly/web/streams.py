"""What is being streamed, to whom: bounded for each account, and ended when what let the reader in is taken back."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING
from uuid import UUID

from aiohttp import web

from firefly.auth import Holder, Revocation
from firefly.errors import LimitReached

if TYPE_CHECKING:
    from firefly.auth import Identity

# A person has a few tabs and terminals; a loop that opens streams and never reads them has thousands.
MOST_PER_ACCOUNT = 100


class Kind(Enum):
    BRIEF = "answers in a moment, unless a sandbox has to start, or the body takes its time"
    STREAM = "ends by itself"
    ENDLESS = "ends by what its reader does"


class OpenStreams:
    """The tasks that answer with a stream, or ask a bridge for somebody. Nothing else is kept of them."""

    def __init__(self) -> None:
        self._open: dict[asyncio.Task[object], tuple[Holder, Kind]] = {}

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def entered(self, identity: "Identity", project_id: UUID | None = None, *, endless: bool = False) -> Iterator[None]:
        """While the current task streams to `identity`. Raises LimitReached where too many do already.

        One that is `endless` ends by what its reader does, never by itself.
        """
        holder = Holder.of(identity, project_id)
        held = sum(
            1 for other, kind in self._open.values() if other.account_id == holder.account_id and kind is not Kind.BRIEF
        )
        if held >= MOST_PER_ACCOUNT:
            raise LimitReached(f"You have {MOST_PER_ACCOUNT} streams open already. Close some, then try again.")
        with self._held(holder, Kind.ENDLESS if endless else Kind.STREAM):
            yield

    @contextmanager
    def asking(self, identity: "Identity | None", project_id: UUID) -> Iterator[None]:
        """While the current task asks a bridge something for `identity`: as a part of a stream, or by itself."""
        task = asyncio.current_task()
        if identity is None or task in self._open:
            yield
            return
        with self._held(Holder.of(identity, project_id), Kind.BRIEF):
            yield

    @contextmanager
    def _held(self, holder: Holder, kind: Kind) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = holder, kind
        try:
            yield
        finally:
            del self._open[task]

    def end(self, revocation: Revocation) -> None:
        """Break off what `revocation` ends: whoever waits for it comes back, and is asked who he is."""
        for task in [task for task, (holder, _) in self._open.items() if revocation.ends(holder)]:
            task.cancel()

    def close(self, *, endless: bool = False) -> None:
        """Break off all streams, or those that are `endless`: the server is about to go; their readers come back."""
        ended = {Kind.ENDLESS} if endless else {Kind.STREAM, Kind.ENDLESS}
        for task, (_, kind) in self._open.items():
            if kind in ended:
                task.cancel()


STREAMS: web.AppKey[OpenStreams] = web.AppKey("open_streams", OpenStreams)


async def close_streams(app: web.Application) -> None:
    """A handler of the signal `on_shutdown`."""
    app[STREAMS].close()
