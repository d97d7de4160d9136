"""What is well, and what is said of what is not; the application is a socket of this test."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from firefly.builds.sites.facts import Wanted
from firefly.builds.sites.health import Look, until_well
from firefly.errors import SandboxFailed, Unavailable


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[Callable[[], Awaitable[socket.socket]]]:
    """Connections to what gives these answers, one after another, the last for ever; an empty one hangs."""
    left, seen, begun = list(answers), list[bytes](), list[asyncio.Task[None] | None]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun.append(asyncio.current_task())
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        given = left.pop(0) if len(left) > 1 else left[0]
        if not given:
            await reader.read()
        writer.write(given)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def dial() -> socket.socket:
        connection = socket.socket()
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, server.sockets[0].getsockname())
        return connection

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        try:
            yield dial
        finally:
            await asyncio.gather(*filter(None, begun))
    assert all(b"Host: shop.example\r\n" in request for request in seen)


LOOK = Look("shop.example", timeout=0.3)
STRICT = Look("shop.example", "/ready", timeout=0.3, strictly=True)


@pytest.mark.parametrize(("look", "status"), [(LOOK, 200), (LOOK, 404), (LOOK, 301), (STRICT, 204), (STRICT, 302)])
async def test_whatever_is_no_failure_is_well_unless_more_is_asked_for(look: Look, status: int) -> None:
    async with answering(b"HTTP/1.1 503 No\r\n\r\n", b"HTTP/1.1 %d So\r\n\r\n" % status) as dial:
        assert await until_well(dial, replace(look, timeout=60)) == status


@pytest.mark.parametrize(
    ("look", "answer", "said"),
    [
        (LOOK, b"HTTP/1.1 500 Oh\r\n\r\n", "answered with anything below 500 within 0.3 s: at last it answered 500."),
        (STRICT, b"HTTP/1.1 404 No\r\n\r\n", "answered with 2xx or 3xx within 0.3 s: at last it answered 404."),
        (LOOK, b"SSH-2.0-x\r\n", "at last what it sent is no HTTP."),
        (LOOK, b"x" * 20_000, "at last what it sent is no HTTP."),
        (LOOK, b"", "at last it took the connection and did not answer."),
    ],
)  # fmt: skip
async def test_it_says_what_happened_instead(look: Look, answer: bytes, said: str) -> None:
    async with answering(answer) as dial:
        with pytest.raises(SandboxFailed) as raised:
            await until_well(dial, look)
    assert raised.value.detail.endswith(said)


async def test_nothing_takes_the_connection() -> None:
    async def dial() -> socket.socket:
        raise Unavailable("Nothing listens on port 3000.")

    with pytest.raises(SandboxFailed, match=r"at last Nothing listens on port 3000\."):
        await until_well(dial, LOOK)


def test_nobody_waits_for_ever_because_a_configuration_says_so() -> None:
    patient = Wanted.of({"configuration": {"health": {"path": "/ready", "timeout": "900000d"}}}).health
    assert patient is not None
    assert (patient.path, patient.timeout) == ("/ready", 600)
    brief = Wanted.of({"configuration": {"health": {"timeout": "3s"}}}).health
    assert brief is not None
    assert brief.timeout == 3
