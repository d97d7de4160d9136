"""How client connections end: after their last answer, or in the middle of one."""

import socket
import struct
from typing import TYPE_CHECKING

from .bodies import Endless, Reader
from .stage import Stage

if TYPE_CHECKING:
    from .connection import Connection

_NO_LINGER = struct.pack("ii", 1, 0)


def end(client: "Connection", *, unread: bool = False) -> None:
    """Close; where the client may still be sending, read on for a moment, or the reset would take the answer away."""
    if client.stage in (Stage.GONE, Stage.LINGER):
        return
    client.stage = Stage.LINGER
    client.since = client.context.now
    if client.transport.is_closing():
        return
    if (unread or client.body is not None or client.buffer or not client.reads) and not client.ended:
        client.buffer = b""
        if client.transport.can_write_eof():
            client.transport.write_eof()
            client.resume()
        else:
            # TLS reads on by itself, for as long as its own goodbye may take.
            client.transport.close()
    else:
        client.transport.close()


def may_be_unread(client: "Connection") -> bool:
    """Whether something may still wait to be sent; what lies below TLS cannot be asked."""
    return not client.transport.can_write_eof() or client.transport.get_write_buffer_size() > 0


def cut_off(client: "Connection", reader: Reader) -> None:
    """End an answer in its middle so that the client sees it: by length or last chunk, or, without either, a reset."""
    head = client.head
    if isinstance(reader, Endless) or (head is not None and not head.modern):
        if not client.transport.is_closing():
            connection = client.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        client.transport.abort()
    else:
        end(client)
