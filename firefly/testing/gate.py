"""Gates for tests: one verdict for all, or one per host."""

from firefly.proxy import Gate, Head, Verdict
from firefly.routes import Route


class OpenGate(Gate):
    """Lets everybody see every route that exists, as a member."""

    def decide(self, route: Route | None, head: Head) -> Verdict:
        return Verdict.MEMBER if route is not None else Verdict.REFUSE


class FixedGate(Gate):
    """Answers by host, else with `default`; keeps the heads that it was shown.

    `asked` is what `ask` answers, `renewed` what `renew` does, `standing` what `stands` says.
    """

    def __init__(self, default: Verdict = Verdict.REFUSE, *, asked: Verdict = Verdict.REFUSE) -> None:
        self.default = default
        self.asked = asked
        self.renewed: tuple[Verdict, bytes] = (Verdict.REFUSE, b"")
        self.standing = False
        self.verdicts: dict[str, Verdict] = {}
        self.seen: list[Head] = []

    def decide(self, route: Route | None, head: Head) -> Verdict:
        self.seen.append(head)
        return self.verdicts.get(route.host, self.default) if route is not None else self.default

    def stands(self, route: Route, head: Head) -> bool:
        return self.standing

    def renew(self, route: Route, head: Head) -> tuple[Verdict, bytes]:
        return self.renewed

    async def ask(self, route: Route | None, head: Head) -> Verdict:
        return self.asked
