"""The DNS as tests of custom domains want it."""

from firefly.domains import Texts
from firefly.domains.proof import Looked


class MemoryTexts(Texts):
    """`found` holds what a look at a name finds; every other name has no record."""

    def __init__(self) -> None:
        self.found: dict[str, Looked] = {}
        self.looks: list[str] = []

    def put(self, name: str, *texts: str) -> None:
        self.found[name] = Looked(frozenset(texts), reason=f"The TXT record {name} holds something else.")

    def fail(self, name: str) -> None:
        """The DNS could not say."""
        self.found[name] = Looked(answered=False, reason=f"The DNS did not answer for {name}.")

    async def look(self, name: str) -> Looked:
        self.looks.append(name)
        return self.found.get(name, Looked(reason=f"The DNS has no TXT record at {name}."))
