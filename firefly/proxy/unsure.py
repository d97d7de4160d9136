"""The gate of a replica that is out of touch: it cannot know who may look, and does not guess."""

from firefly.routes import Route

from .gate import ALLOW, Gate, Verdict
from .heads import Head


class UnsureGate(Gate):
    """Lets through what `gate` opens to everybody; of all else nobody is told whether it exists."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def decide(self, route: Route | None, head: Head) -> Verdict:
        if route is None or not self._gate.opens_to_all(route, head):
            return Verdict.UNSURE
        # As a visitor: whether he may see more is not known either.
        return Verdict.NO_WORKER if self._gate.decide(route, head) is Verdict.NO_WORKER else ALLOW

    def opens_to_all(self, route: Route, head: Head) -> bool:
        return self._gate.opens_to_all(route, head)

    async def ask(self, route: Route | None, head: Head) -> Verdict:
        return self.decide(route, head)
