"""What waits to be sent on one WebSocket: bounded, with a signal for producers that can wait."""

import asyncio
from collections import deque

from aiohttp import web

HIGH, LOW, MOST = 1 << 20, 256 << 10, 64 << 20
STALLED = 30.0


class Outbox:
    """`put` never waits. A producer that can wait looks at `congested` and awaits `room`; a reader so slow that even
    answers pile up beyond MOST, or that takes nothing for STALLED seconds, is cut off."""

    def __init__(self) -> None:
        self._items: deque[str | bytes] = deque()
        self._size = 0
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closed = False

    @property
    def congested(self) -> bool:
        return not self._room.is_set()

    @property
    def closed(self) -> bool:
        return self._closed

    def put(self, item: str | bytes) -> None:
        if self._closed:
            return
        self._items.append(item)
        self._size += len(item)
        if self._size > HIGH:
            self._room.clear()
        if self._size > MOST:
            self.close()
        self._filled.set()

    async def room(self) -> None:
        """Until the reader has caught up, or is gone."""
        await self._room.wait()

    def close(self) -> None:
        self._closed = True
        self._items.clear()
        self._filled.set()
        self._room.set()

    async def send_all(self, socket: web.WebSocketResponse) -> None:
        """Send until closed; returns when the reader stalls or is gone."""
        try:
            while not self._closed:
                await self._filled.wait()
                while self._items:
                    async with asyncio.timeout(STALLED):
                        await _send(socket, self._take())
                if not self._closed:
                    self._filled.clear()
        except (TimeoutError, ConnectionError):
            return
        finally:
            self.close()

    def _take(self) -> str | bytes:
        item = self._items.popleft()
        self._size -= len(item)
        if self._size < LOW:
            self._room.set()
        return item


async def _send(socket: web.WebSocketResponse, item: str | bytes) -> None:
    if isinstance(item, str):
        await socket.send_str(item)
    else:
        await socket.send_bytes(item)
