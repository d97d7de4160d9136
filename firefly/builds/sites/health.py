"""Whether a site answers before anybody is led to it: one GET, at the address by which visitors come."""

import asyncio
import re
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from firefly.errors import FireflyError, SandboxFailed

# Between two looks; each may take so long.
PAUSE, ONE_LOOK = 0.1, 10.0
MOST_READ = 16 << 10
STANDARD = 30.0
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)[ \r\n]")


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
            async with asyncio.timeout(min(ONE_LOOK, max(ends_at - time.monotonic(), 0.1))):
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
    """The status of one answer; None for what is none."""
    loop = asyncio.get_running_loop()
    with await dial() as connection:
        request = (
            f"GET {look.path} HTTP/1.1\r\nHost: {look.host}\r\nUser-Agent: firefly-health\r\nAccept: */*\r\n"
            "Connection: close\r\n\r\n"
        )
        await loop.sock_sendall(connection, request.encode("utf-8", "replace"))
        answer = b""
        while b"\n" not in answer and len(answer) < MOST_READ:
            data = await loop.sock_recv(connection, MOST_READ)
            if not data:
                break
            answer += data
    found = _STATUS.match(answer)
    return int(found[1]) if found else None
