"""A bridge that listens on a network, as the server reaches it."""

import asyncio
import socket
from dataclasses import dataclass, field

from firefly.errors import FireflyError, InvalidInput, TimedOut, Unavailable
from firefly.protocol.preface import LONGEST_LINE, Preface, Refusal, Verb, parse_answer
from firefly.splicing import keep_alive, read_line

CONNECT_LIMIT = 5.0
# Longer than the bridge gives a port inside, so that it is the bridge that tells what is wrong.
ANSWER_LIMIT = 8.0


@dataclass(frozen=True, slots=True)
class Remote:
    """`token` is the one whose SHA-256 the sandbox was given; `host` is an address, not a name."""

    host: str
    port: int
    token: str = field(repr=False)

    async def open(self, verb: Verb, argument: str = "") -> socket.socket:
        """A connection for one purpose. It does not block and belongs to the caller.

        Raises Unavailable where nothing listens or the bridge refuses, TimedOut where nothing answers.
        """
        connection = await self._connect()
        try:
            await self._introduce(connection, Preface(self.token, verb, argument))
        except BaseException:
            connection.close()
            raise
        return connection

    async def _connect(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            keep_alive(made)
            async with asyncio.timeout(CONNECT_LIMIT):
                await asyncio.get_running_loop().sock_connect(made, (self.host, self.port))
        except BaseException as error:
            made.close()
            if isinstance(error, TimeoutError):
                raise TimedOut("The node of this sandbox does not answer.") from error
            if isinstance(error, OSError):
                raise Unavailable("The sandbox cannot be reached on its node.") from error
            raise
        return made

    async def _introduce(self, connection: socket.socket, preface: Preface) -> None:
        try:
            async with asyncio.timeout(ANSWER_LIMIT):
                await asyncio.get_running_loop().sock_sendall(connection, preface.line())
                refused, sentence = parse_answer(await read_line(connection, LONGEST_LINE))
        except TimeoutError as error:
            raise TimedOut("The bridge of this sandbox does not answer.") from error
        except (OSError, InvalidInput) as error:
            raise Unavailable("The bridge of this sandbox closed the connection.") from error
        if refused is not None:
            raise _error(refused, sentence)


def _error(refused: Refusal, sentence: str) -> FireflyError:
    if refused is Refusal.TIMEOUT:
        return TimedOut(sentence)
    if refused is Refusal.INVALID:
        return InvalidInput(sentence)
    return Unavailable(sentence)
