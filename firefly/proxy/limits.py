"""What one visitor may take up."""

from dataclasses import dataclass
from typing import Any, Self

from firefly import descriptors
from firefly.settings.limits import LimitSettings

# However many descriptors there are: what waits for slow readers has to fit into memory too.
MOST_CONNECTIONS = 50_000
# Descriptors that connections leave to everything else, at least and as a part of all.
OTHERS, PART_OF_OTHERS = 256, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in bytes, times in seconds."""

    head: int = 16 * 1024
    """A request's head; an answer's may have four times."""
    fields: int = 128
    """Field lines of a request's head."""
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
    body_rate: int = 128
    """Bytes a second that a body has to come, or to be read, at least; 0: as slowly as it likes."""
    body_window: float = 60
    """Over how long that is measured."""
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
    requests: int = 4096
    """Requests that targets have or that wait for one; tunnels are none."""
    route_requests: int = 1024
    """Those to one port of one instance."""
    connections: int = 10_000
    """Client connections at one time, tunnels and handshakes included."""
    address_connections: int = 2500
    """Those of one address, or of one /64 of IPv6."""
    host_connections: int = 7500
    """Those whose latest request was for one host."""
    pooled: int = 1024
    """Idle connections kept for one instance."""
    pooled_time: float = 3.5
    """How long they are kept: less than Node's five seconds."""
    high_water: int = 256 * 1024
    """Bytes that wait for a slow reader before its peer is no longer read."""

    @classmethod
    def of(cls, settings: LimitSettings) -> Self:
        """Those of the settings, and what follows from how many descriptors this process may have."""
        chosen: dict[str, Any] = {
            name.removeprefix("limit_"): getattr(settings, name) for name in LimitSettings.model_fields
        }
        connections = chosen["connections"] or connections_within(descriptors.allowed())
        chosen["connections"] = connections
        chosen["address_connections"] = chosen["address_connections"] or max(1, connections // 4)
        chosen["host_connections"] = chosen["host_connections"] or max(1, connections * 3 // 4)
        return cls(**chosen)


def connections_within(descriptors: int) -> int:
    """How many connections fit into so many descriptors: each may need one more to its target."""
    others = max(OTHERS, descriptors // PART_OF_OTHERS)
    return min(MOST_CONNECTIONS, max(1, (descriptors - others) // 2))
