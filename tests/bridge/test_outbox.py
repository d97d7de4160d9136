"""What waits to be sent: in order, bounded, and never waited for by those who cannot."""

import asyncio
from typing import Any, cast

import pytest

from firefly.bridge import outbox as module
from firefly.bridge.outbox import HIGH, LOW, MOST, Outbox
from tests.support.waiting import eventually


class Socket:
    """Takes one item for each permit."""

    def __init__(self, permits: int = 1 << 20) -> None:
        self.permits = asyncio.Semaphore(permits)
        self.sent: list[str | bytes] = []
        self.fails = False

    async def send_str(self, item: str) -> None:
        await self._take(item)

    async def send_bytes(self, item: bytes) -> None:
        await self._take(item)

    async def _take(self, item: str | bytes) -> None:
        if self.fails:
            raise ConnectionResetError
        await self.permits.acquire()
        self.sent.append(item)


def sending(outbox: Outbox, socket: Socket) -> asyncio.Task[None]:
    return asyncio.create_task(outbox.send_all(cast(Any, socket)))


async def test_texts_and_bytes_go_out_in_their_order() -> None:
    outbox, socket = Outbox(), Socket()
    task = sending(outbox, socket)
    for item in ("a", b"b", "c"):
        outbox.put(item)
    await eventually(lambda: len(socket.sent) == 3)
    outbox.put("d")
    await eventually(lambda: len(socket.sent) == 4)
    outbox.close()
    await task
    assert socket.sent == ["a", b"b", "c", "d"]


async def test_who_can_wait_waits_until_the_reader_has_caught_up() -> None:
    outbox, socket = Outbox(), Socket(0)
    task = sending(outbox, socket)
    for _ in range(5):
        outbox.put(b"x" * (HIGH // 4))
    assert outbox.congested
    waiting = asyncio.create_task(outbox.room())
    socket.permits.release()
    await eventually(lambda: len(socket.sent) == 1)
    assert not waiting.done()
    for _ in range(4):
        socket.permits.release()
    async with asyncio.timeout(30):
        await waiting
    assert not outbox.congested
    assert HIGH // 4 * 5 > HIGH > LOW
    outbox.close()
    await task


async def test_a_reader_that_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STALLED", 0.05)
    outbox, socket = Outbox(), Socket(0)
    outbox.put("never taken")
    async with asyncio.timeout(30):
        await outbox.send_all(cast(Any, socket))
    assert outbox.closed
    assert socket.sent == []


async def test_a_reader_for_whom_too_much_piles_up_is_given_up() -> None:
    outbox = Outbox()
    for _ in range(MOST // (8 << 20) + 1):
        outbox.put(bytes(8 << 20))
    assert outbox.closed
    assert not outbox.congested
    outbox.put("too late")
    async with asyncio.timeout(30):
        await outbox.send_all(cast(Any, Socket()))


async def test_a_reader_that_is_gone_frees_who_waits() -> None:
    outbox, socket = Outbox(), Socket()
    socket.fails = True
    outbox.put(b"x" * (HIGH + 1))
    assert outbox.congested
    async with asyncio.timeout(30):
        await outbox.send_all(cast(Any, socket))
        await outbox.room()
    assert outbox.closed


@pytest.mark.parametrize("waiting", ["", "something"])
async def test_a_cancellation_ends_it_at_once(waiting: str) -> None:
    outbox, socket = Outbox(), Socket(0)
    if waiting:
        outbox.put(waiting)
    task = sending(outbox, socket)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert outbox.closed
