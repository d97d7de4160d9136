"""What is noted of each request when it ends."""

from typing import TYPE_CHECKING

from .tally import LEFT, Tally

if TYPE_CHECKING:
    from .connection import Connection


def count(client: "Connection", tally: Tally, status: int, sent: int, *, refused: bool = False) -> None:
    """A request has ended with this status, and so many bytes for its client."""
    (tally.members if client.trusted else tally.guests)[status] += 1
    tally.sent += sent
    tally.received += len(client.onward)
    if client.look is not None or status >= 500:
        client.context.journal.end(client, tally, status, sent, refused=refused)


def leave(client: "Connection") -> None:
    """The client goes; if an answer was owed to it, its request has ended."""
    if client.upstream is not None:
        passed = client.upstream.passed if client.upstream.reader is not None else 0
        count(client, client.upstream.slot.tally, LEFT, passed)
    elif client.viewer is not None:
        count(client, client.context.tally(client.viewer.target), LEFT, client.viewer.sent)
    elif client.waits is not None:
        count(client, client.context.tally(client.waits.target), LEFT, 0)


def fail(client: "Connection", tally: Tally, reason: str) -> None:
    """A target did not answer as it should."""
    client.context.counters["failed"] += 1
    client.context.journal.failed(client, tally.kind, reason)
