"""What ends because it takes too long."""

from typing import TYPE_CHECKING

from . import delivery, endings, pages
from .heads import BadHead
from .journal import Look
from .stage import ANSWERING, Stage

if TYPE_CHECKING:
    from .connection import Connection
    from .upstream import Upstream


def check(client: "Connection") -> None:
    """Called about once a second for each connection."""
    limits, now = client.context.limits, client.context.now
    if client.look is None and client.stage in ANSWERING:
        # If it goes on for long it will have a line, though it is none of the sample.
        client.look = Look(client.since, 0)
    quiet = now - client.stamp
    if client.stage is Stage.IDLE:
        if client.buffer and not client.write_paused and now - client.since > limits.head_time:
            delivery.reject(client, BadHead("The head of the request did not come in time.", status=408))
        elif quiet > limits.idle_time:
            endings.end(client)
    elif client.stage is Stage.LINGER:
        # What the client has not read yet gets the time of a body, not that of a goodbye.
        if now - client.since > (limits.stall_time if endings.may_be_unread(client) else limits.linger):
            client.transport.abort()
    elif client.ended and quiet > limits.half_closed_time:
        client.transport.abort()
    elif client.stage is Stage.SENT:
        _check_sent(client, quiet)


def _check_sent(client: "Connection", quiet: float) -> None:
    limits = client.context.limits
    upstream = client.upstream
    if client.body is not None or client.write_paused:
        if quiet > limits.stall_time:
            client.transport.abort()
        elif limits.body_rate and _is_too_slow(client):
            _end_body(client)
    elif upstream is not None and upstream.reader is None:
        # Whatever it computes, nothing passes meanwhile.
        upstream.slot.use()
        if quiet > limits.answer_time:
            _give_up(client, upstream)


def _give_up(client: "Connection", upstream: "Upstream") -> None:
    upstream.abort()
    client.upstream = None
    if client.attempt is not None:
        client.attempt.failed("It did not answer in time.")
    delivery.answer(client, pages.TOO_SLOW, tally=upstream.slot.tally)


def _is_too_slow(client: "Connection") -> bool:
    """Whether a body came or went slower than it may, over a window that ends now.

    Only what the client does counts: not the time that its target takes, and no body that has not begun.
    """
    limits, now = client.context.limits, client.context.now
    if client.write_paused:
        # Nothing is added to this while it waits.
        place = -client.transport.get_write_buffer_size()
    elif client.reads and client.moved:
        place = client.moved
    else:
        client.mark = None
        return False
    since, before = client.mark or (now, place)
    if client.mark is None or now - since >= limits.body_window:
        client.mark = now, place
    return now - since >= limits.body_window and place - before < limits.body_rate * (now - since)


def _end_body(client: "Connection") -> None:
    client.context.counters["too_slow"] += 1
    upstream = client.upstream
    if client.write_paused or upstream is None or upstream.reader is not None:
        client.transport.abort()
        return
    upstream.abort()
    client.upstream = None
    delivery.reject(client, BadHead("The body of the request comes too slowly.", status=408))


def drain(client: "Connection") -> None:
    """Close a connection that is between two requests; the others end with their answer."""
    client.flush()
    if client.stage is Stage.IDLE and not client.buffer:
        client.transport.close()
