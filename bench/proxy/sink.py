"""An upstream that reads bodies to their end before it answers, and costs little: it looks at their length only."""

import asyncio
import json
import re
import sys
from typing import cast

import uvloop

LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)\r\n")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
SIZE = 256 * 1024


class Sink(asyncio.BufferedProtocol):
    def __init__(self) -> None:
        self._room = memoryview(bytearray(SIZE))
        self._begun = b""
        self._left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, size: int) -> memoryview:
        return self._room

    def buffer_updated(self, count: int) -> None:
        if not self._left:
            self._begun += bytes(self._room[:count])
            head, end, body = self._begun.partition(b"\r\n\r\n")
            found = LENGTH.search(head + b"\r\n") if end else None
            if found is None:
                return
            self._begun = b""
            self._left, count = int(found[1]), len(body)
        self._left -= count
        if not self._left:
            self._transport.write(ANSWER)


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(**json.loads(sys.argv[1])))
