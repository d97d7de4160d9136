"""What one visitor may take up."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in bytes, times in seconds."""

    head: int = 16 * 1024
    """A request's or an answer's head."""
    recent: int = 2048
    """Sets of field lines that are remembered, since browsers send the same ones again."""
    recent_size: int = 4096
    """The largest of them."""
    head_time: float = 15
    """From the first byte of a head to its last."""
    idle_time: float = 75
    """A connection between two requests."""
    stall_time: float = 120
    """A body in either direction without a byte."""
    half_closed_time: float = 15
    """A client that sends no more, without a byte for it: it may wait for its answer, or be gone."""
    answer_time: float = 600
    """From a request's end to the first byte of its answer."""
    gate_time: float = 10
    """A gate that has to ask."""
    wake_time: float = 90
    """A request held while its target starts."""
    connect_time: float = 2
    """A connection to one of several instances, while another one could serve."""
    page_after: float = 1
    """A browser that waits longer for a start sees a page that reloads itself."""
    linger: float = 2
    """Reading on after an early answer, so that the client sees it."""
    held: int = 1024
    """Requests that wait for one target at one time."""
    connections: int = 10_000
    """Client connections at one time."""
    pooled: int = 1024
    """Idle connections kept for one instance."""
    pooled_time: float = 3.5
    """How long they are kept: less than Node's five seconds."""
    high_water: int = 256 * 1024
    """Bytes that wait for a slow reader before its peer is no longer read."""
