"""One editor's WebSocket: reads calls and frames, hands them on, and lets go of everything when it ends."""

import asyncio
import itertools
from collections.abc import Callable

import structlog
from aiohttp import WSMsgType, web
from pydantic import BaseModel

from firefly.bridge.dispatcher import Dispatcher
from firefly.bridge.outbox import Outbox
from firefly.errors import InvalidInput
from firefly.protocol.envelope import notification, parse
from firefly.protocol.frames import Frame, FrameKind, decode
from firefly.protocol.workspace import BridgeError, Member, Role

MOST_CALLS = 32
HEARTBEAT = 25.0
LAST_CALLS = 5.0
log = structlog.get_logger()
ChannelSink = Callable[[bytes], None]


class Connection:
    """Services know it as the peer: who it is, where its answers go, which channels it has open."""

    def __init__(self, member: Member, dispatcher: Dispatcher) -> None:
        self.member = member
        self.outbox = Outbox()
        self._dispatcher = dispatcher
        self._channels: dict[int, ChannelSink] = {}
        self._channel_numbers = itertools.count(1)
        self._on_close: dict[object, Callable[[], object]] = {}
        self._room = asyncio.Semaphore(MOST_CALLS)
        self._calls: set[asyncio.Task[None]] = set()
        self._has_ended = False

    def notify(self, method: str, value: BaseModel) -> None:
        self.outbox.put(notification(method, value))

    def open_channel(self, sink: ChannelSink) -> int:
        """A number for binary frames of this connection; `sink` gets what the peer sends on it."""
        number = next(self._channel_numbers)
        self._channels[number] = sink
        return number

    def on_close(self, key: object, action: Callable[[], object]) -> None:
        """Call `action` when the connection ends, at once when it has; a second one of a key replaces the first."""
        if self._has_ended:
            action()
        else:
            self._on_close[key] = action

    def close_held(self, key: object) -> None:
        """Do now what was kept under `key` for the end of the connection."""
        if (action := self._on_close.pop(key, None)) is not None:
            action()

    def forget(self, key: object) -> None:
        """Do not do at the end of the connection what was kept under `key`."""
        self._on_close.pop(key, None)

    def holds(self, key: object) -> bool:
        return key in self._on_close

    async def serve(self, socket: web.WebSocketResponse) -> None:
        """Until either side closes, or the peer reads too slowly."""
        sender = asyncio.create_task(self.outbox.send_all(socket), name="bridge-outbox")
        receiver = asyncio.create_task(self._receive(socket), name="bridge-inbox")
        try:
            await asyncio.wait({sender, receiver}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.outbox.close()
            # What a call that is still under way takes hold of from now on is let go at once.
            self._has_ended = True
            for action in list(self._on_close.values()):
                action()
            receiver.cancel()
            sender.cancel()
            await asyncio.gather(sender, receiver, return_exceptions=True)
            await self._finish_calls()

    async def _receive(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                self._frame(message.data)
            elif message.type is WSMsgType.TEXT:
                await self.outbox.room()
                await self._room.acquire()
                call = asyncio.create_task(self._call(message.data), name="bridge-call")
                self._calls.add(call)
                call.add_done_callback(self._calls.discard)

    async def _finish_calls(self) -> None:
        """A write under way is let finish though nobody hears of it; what takes long is given up."""
        if self._calls:
            await asyncio.wait(self._calls, timeout=LAST_CALLS)
        for call in list(self._calls):
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _call(self, text: str) -> None:
        try:
            await self._dispatcher.answer(self, parse(text))
        finally:
            self._room.release()

    def _frame(self, data: bytes) -> None:
        try:
            frame = decode(data)
        except InvalidInput as error:
            self.notify("bridge.error", BridgeError(code="broken_frame", message=error.detail))
            return
        if (refusal := self._refusal(frame)) is not None:
            self.notify("bridge.error", refusal)
        else:
            self._channels[frame.channel](frame.payload)

    def _refusal(self, frame: Frame) -> BridgeError | None:
        if frame.kind != FrameKind.TERMINAL or frame.channel not in self._channels:
            message = f"No channel {frame.channel} of kind {frame.kind} is open on this connection."
            return BridgeError(code="unknown_channel", message=message, channel=frame.channel)
        if self.member.role is Role.VIEWER:
            return BridgeError(code="not_allowed", message="A viewer may not type.", channel=frame.channel)
        return None
