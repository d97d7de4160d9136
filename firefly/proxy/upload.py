"""The body of a request on its way to the target, as it comes."""

from functools import partial
from typing import TYPE_CHECKING

from . import delivery
from .bodies import BadBody, Reader
from .heads import BadHead
from .stage import SENT

if TYPE_CHECKING:
    from .connection import Connection


def pass_on(client: "Connection", data: bytes) -> None:
    """Send what has come of the body, and keep what follows it."""
    upstream, reader = client.upstream, client.body
    assert reader is not None
    assert upstream is not None
    client.moved += len(data)
    try:
        body, rest = reader.feed(data)
    except BadBody:
        upstream.abort()
        client.upstream = None
        delivery.reject(client, BadHead("The body of the request is malformed."))
        return
    slot = upstream.slot
    slot.use()
    if body:
        slot.tally.received += len(body)
        upstream.transport.write(body)
    if rest is not None:
        client.body = None
        client.buffer = rest
    elif reader.behind:
        client.pause()
        client.context.call_soon(partial(_go_on, client, reader))


def _go_on(client: "Connection", reader: Reader) -> None:
    """Pass on what has come of a body, after others had their turn."""
    if client.body is not reader or client.stage is not SENT or client.upstream is None:
        return
    pass_on(client, b"")
    if reader.behind or client.upstream is None:
        return
    if not client.upstream.write_paused:
        client.resume()
    if client.ended and client.body is not None:
        client.transport.close()
