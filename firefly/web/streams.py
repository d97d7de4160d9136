"""What is being streamed, to whom: bounded for each account, and ended when what let the reader in is taken back."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from aiohttp import web

from firefly.auth import Holder, Revocation
from firefly.errors import LimitReached

if TYPE_CHECKING:
    from firefly.auth import Identity

# A person has a few tabs and terminals; a loop that opens streams and never reads them has thousands.
MOST_PER_ACCOUNT = 100


class OpenStreams:
    """The tasks that answer with a stream. Nothing else is kept of them."""

    def __init__(self) -> None:
        self._open: dict[asyncio.Task[object], Holder] = {}
        self._endless: set[asyncio.Task[object]] = set()

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def entered(self, identity: "Identity", project_id: UUID | None = None, *, endless: bool = False) -> Iterator[None]:
        """While the current task streams to `identity`. Raises LimitReached where too many do already.

        One that is `endless` ends by what its reader does, never by itself.
        """
        holder, task = Holder.of(identity, project_id), asyncio.current_task()
        assert task is not None
        held = sum(1 for other in self._open.values() if other.account_id == holder.account_id)
        if held >= MOST_PER_ACCOUNT:
            raise LimitReached(f"You have {MOST_PER_ACCOUNT} streams open already. Close some, then try again.")
        self._open[task] = holder
        if endless:
            self._endless.add(task)
        try:
            yield
        finally:
            del self._open[task]
            self._endless.discard(task)

    def end(self, revocation: Revocation) -> None:
        """Break off the streams that `revocation` ends: their readers come back, and are asked who they are."""
        for task in [task for task, holder in self._open.items() if revocation.ends(holder)]:
            task.cancel()

    def close(self, *, endless: bool = False) -> None:
        """Break off all, or those that are `endless`: the server is about to go, and their readers come back."""
        for task in self._endless if endless else self._open:
            task.cancel()


STREAMS: web.AppKey[OpenStreams] = web.AppKey("open_streams", OpenStreams)


async def close_streams(app: web.Application) -> None:
    """A handler of the signal `on_shutdown`."""
    app[STREAMS].close()
