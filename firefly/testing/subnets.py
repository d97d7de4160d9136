"""The twin in memory of what gives sandboxes of a Docker engine their networks."""

from ipaddress import IPv4Network

from firefly.sandbox.docker.subnets import Range, Subnets


class MemorySubnets(Subnets):
    """May be handed to a second backend, to see what a new server would find."""

    def __init__(self, text: str = "10.213.0.0/16") -> None:
        self._range = Range(text)
        self._blocks: dict[int, str | None] = {}

    async def take(self, instance_id: str) -> IPv4Network:
        number = next((number for number in range(self._range.size) if number not in self._blocks), None)
        if number is None:
            raise self._range.used_up()
        self._blocks[number] = instance_id
        return self._range.block(number)

    async def block(self, instance_id: str) -> None:
        self._blocks = {number: None if one == instance_id else one for number, one in self._blocks.items()}

    async def release(self, instance_id: str) -> None:
        self._blocks = {number: one for number, one in self._blocks.items() if one != instance_id}

    async def taken(self) -> frozenset[str]:
        return frozenset(one for one in self._blocks.values() if one is not None)
