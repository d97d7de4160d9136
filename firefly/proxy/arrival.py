"""How the head of a request arrives: in pieces, in its turn, and read once."""

from functools import partial
from typing import TYPE_CHECKING

from . import delivery, endings, heads
from .heads import END, BadHead
from .stage import IDLE, Stage

if TYPE_CHECKING:
    from .connection import Connection


def wait_for_turn(client: "Connection", data: bytes) -> None:
    """To read a head that was not seen before costs as much as all the rest: crowds of them let others pass."""
    if not client.buffer:
        client.since = client.stamp
    client.buffer += data
    client.stage = Stage.QUEUED
    client.context.turns.take(partial(_read_in_turn, client))


def _read_in_turn(client: "Connection") -> None:
    if client.stage is not Stage.QUEUED:
        return
    client.stage = IDLE
    if not client.write_paused:
        read(client, client.buffer)
        if client.ended and client.stage is IDLE:
            endings.end(client)


def read(client: "Connection", data: bytes) -> None:
    """Begin the request whose head is whole; otherwise wait for the rest of it."""
    end = data.find(END, client.scanned)
    if end < 0 or end > client.context.limits.head:
        _wait_for_rest(client, data)
        return
    client.scanned = 0
    end += len(END)
    try:
        head = client.context.heads.read(data, end)
    except BadHead as error:
        delivery.reject(client, error)
        return
    client.buffer = data[end:] if len(data) > end else b""
    client.begin(head)


def _wait_for_rest(client: "Connection", data: bytes) -> None:
    if len(data) > client.context.limits.head:
        delivery.reject(client, BadHead("The head of the request is too long.", status=431), begun=data)
    elif not heads.may_begin(data):
        delivery.reject(client, BadHead("This is not an HTTP/1.1 request."))
    else:
        if not client.buffer:
            client.since = client.context.now
        client.buffer = data
        client.scanned = max(0, len(data) - 3)
