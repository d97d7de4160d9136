"""Small networks for sandboxes, out of a range that the operator gives: who has which, so that none is given twice."""

from ipaddress import IPv4Network
from typing import Protocol

from firefly.errors import LimitReached

# Room for the network itself, its end, the engine's bridge and a sandbox, with some to spare.
PREFIX = 29


class Subnets(Protocol):
    """Gives out networks by the id of the run that has each. One engine, any number of servers."""

    async def take(self, instance_id: str) -> IPv4Network:
        """One that nobody has. Raises LimitReached where all are taken."""

    async def block(self, instance_id: str) -> None:
        """What a run took is somebody else's: let it alone, and give another the next time."""

    async def release(self, instance_id: str) -> None:
        """Give back what a run has, if it has any."""

    async def taken(self) -> frozenset[str]:
        """The runs that have one."""


class Pool:
    """The range in blocks, each with its number."""

    def __init__(self, text: str) -> None:
        self._range = IPv4Network(text)
        self.size = 1 << (PREFIX - self._range.prefixlen)

    def block(self, number: int) -> IPv4Network:
        """Raises LimitReached past the last."""
        if number >= self.size:
            raise LimitReached(f"All {self.size} networks of {self._range} are taken. Widen FIREFLY_DOCKER_SUBNETS.")
        start = int(self._range.network_address) + (number << (32 - PREFIX))
        return IPv4Network((start, PREFIX))
