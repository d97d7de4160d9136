"""One GET to see whether something answers, on a connection of its own."""

import asyncio
import re
import socket

MOST_READ = 16 << 10
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)[ \r\n]")


async def status_of(connection: socket.socket, path: str, *, host: str = "localhost") -> int | None:
    """The status of the answer; None for what is no answer. Has no limit of time. Raises OSError."""
    loop = asyncio.get_running_loop()
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: firefly-health\r\nAccept: */*\r\nConnection: close\r\n\r\n"
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
