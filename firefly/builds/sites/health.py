"""Whether a site answers before anybody is led to it: one GET, at the address by which visitors come."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from firefly.errors import FireflyError, SandboxFailed
from firefly.proxy.probing import status_of

# Between two looks; each may take so long, and the last one has a moment, too.
PAUSE, ONE_LOOK, LEAST = 0.1, 10.0, 1.0
STANDARD = 30.0


@dataclass(frozen=True, slots=True)
class Look:
    """What is asked: `strictly`, 2xx or 3xx is well; else everything below 500. `timeout` seconds for all of it."""

    host: str
    path: str = "/"
    timeout: float = STANDARD
    strictly: bool = False

    def is_well(self, status: int) -> bool:
        return status < 400 if self.strictly else status < 500

    @property
    def wanted(self) -> str:
        return "2xx or 3xx" if self.strictly else "anything below 500"


async def until_well(dial: Callable[[], Awaitable[socket.socket]], look: Look) -> int:
    """The status of the first good answer. Raises SandboxFailed, which says what it did instead."""
    ends_at = time.monotonic() + look.timeout
    seen = "nothing took the connection"
    while True:
        try:
            async with asyncio.timeout(min(ONE_LOOK, max(ends_at - time.monotonic(), LEAST))):
                status = await _ask(dial, look)
        except TimeoutError:
            seen = "it took the connection and did not answer"
        except (OSError, FireflyError) as error:
            seen = error.detail if isinstance(error, FireflyError) else str(error)
        else:
            if status is not None and look.is_well(status):
                return status
            seen = f"it answered {status}" if status is not None else "what it sent is no HTTP"
        if time.monotonic() + PAUSE > ends_at:
            raise SandboxFailed(
                f"GET {look.path} was not answered with {look.wanted} within {look.timeout:g} s: at last {seen}."
            )
        await asyncio.sleep(PAUSE)


async def _ask(dial: Callable[[], Awaitable[socket.socket]], look: Look) -> int | None:
    with await dial() as connection:
        return await status_of(connection, look.path, host=look.host)
