"""The server's side of a supervisor's control socket."""

import asyncio
import contextlib
import json
import socket
from collections import deque
from pathlib import Path
from typing import Any

from firefly.errors import TimedOut, Unavailable

ANSWER_LIMIT = 5.0
LINE_LIMIT = 1 << 20


class Control:
    """One lasting connection. Its end says that the supervisor, and with it the sandbox, has ended."""

    def __init__(self) -> None:
        self.started: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.Event()
        self.frozen = False
        """Whether the sandbox is frozen, as the supervisor told last."""
        self._answers: deque[asyncio.Future[Any]] = deque()
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Task[None] | None = None

    async def open(self, path: Path) -> None:
        """Raises OSError where no supervisor listens."""
        reader, self._writer = await asyncio.open_unix_connection(str(path), limit=LINE_LIMIT)
        self._writer.write(b'{"op": "watch"}\n')
        self._listener = asyncio.create_task(self._listen(reader), name="sandbox-control")

    async def close(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait([self._listener])
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
        self.started.cancel()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self._take(json.loads(line))
        except (OSError, ValueError):
            pass
        finally:
            self.ended.set()
            for answer in self._answers:
                answer.cancel()

    def _take(self, message: dict[str, Any]) -> None:
        if "answer" in message:
            answer = self._answers.popleft()
            if not answer.done():
                answer.set_result(message["answer"])
        elif message["event"] == "started" and not self.started.done():
            self.frozen = message.get("frozen", False)
            self.started.set_result(message)
        elif message["event"] in ("frozen", "thawed"):
            self.frozen = message["event"] == "frozen"

    async def decided(self, within: float) -> None:
        """Wait until the sandbox has started or the supervisor has ended, at most `within` seconds."""
        ended = asyncio.ensure_future(self.ended.wait())
        waiting: set[asyncio.Future[Any]] = {self.started, ended}
        try:
            await asyncio.wait(waiting, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()

    async def request(self, op: str, **values: object) -> Any:
        """Raises Unavailable where the supervisor has ended, TimedOut where it does not answer."""
        if self._writer is None or self.ended.is_set():
            raise Unavailable("The sandbox has ended.")
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers.append(answer)
        self._writer.write(json.dumps({"op": op, **values}).encode() + b"\n")
        await asyncio.wait([answer], timeout=ANSWER_LIMIT)
        if answer.cancelled():
            raise Unavailable("The sandbox has ended.")
        if not answer.done():
            raise TimedOut("The sandbox's supervisor does not answer.")
        return answer.result()


def fetch_descriptor(path: Path, request: bytes) -> int:
    """Ask a supervisor or its helper, both outside the sandbox, for a descriptor. Blocks. Raises OSError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_LIMIT)
        connection.connect(str(path))
        connection.sendall(request)
        _, descriptors, _, _ = socket.recv_fds(connection, 1, 1)
    if not descriptors:
        raise OSError("no descriptor was handed out")
    return descriptors[0]
