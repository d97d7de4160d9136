"""Who may pass: the seam through which the front door asks."""

from abc import ABC, abstractmethod
from enum import Enum, auto
from typing import Final

from firefly.routes import Access, Route

from .heads import Head


class Verdict(Enum):
    ALLOW = auto()
    """To the target, as a visitor: pages of failure do not say why."""
    MEMBER = auto()
    """To the target, as somebody who may also see why it does not run."""
    RENEW = auto()
    """To the target, with a fresh cookie on the answer: the front door asks `Gate.renew` for both."""
    TO_APP = auto()
    """To the app, which serves the sign-in round trip on content hosts."""
    REFUSE = auto()
    """The one page that is the same for unknown, forbidden and gone."""
    NO_WORKER = auto()
    """He may see it, but it may not keep a service worker in his browser."""
    UNSURE = auto()
    """Nobody can tell just now: the same for every host, whether or not anything is there."""
    ASK = auto()
    """It takes an await to tell: the front door holds the request and asks `Gate.ask`."""


# Every request asks for these, and looking a member up in its class costs several times as much.
ALLOW: Final = Verdict.ALLOW
MEMBER: Final = Verdict.MEMBER


class Gate(ABC):
    """Decides for each request on a content host. Paths below `/.firefly/` go to the app without being asked about."""

    @abstractmethod
    def decide(self, route: Route | None, head: Head) -> Verdict:
        """The verdict on this request; on the hot path, so without I/O.

        `route` is None for a host that does not exist; to somebody without access the answer must be the same then
        as for one that does (DESIGN, decision 16). ALLOW or MEMBER for None is treated as REFUSE. `head.visitor`
        tells the address that asks.
        """

    def opens_to_all(self, route: Route, head: Head) -> bool:
        """Whether everybody may see this, so that it does not matter who asks; without I/O."""
        return route.access is Access.PUBLIC

    def renew(self, route: Route, head: Head) -> tuple[Verdict, bytes]:
        """ALLOW or MEMBER, and field lines for the answer, where `decide` answered RENEW; without I/O as well."""
        return Verdict.REFUSE, b""

    def stands(self, route: Route, head: Head) -> bool:
        """Whether a tunnel that was opened with this head may stay although no request would pass with it any more.

        Credentials in heads are renewed while requests bring them; a tunnel has only the one that it was opened with.
        """
        return False

    async def ask(self, route: Route | None, head: Head) -> Verdict:
        """The verdict where `decide` answered ASK; ASK again is treated as REFUSE."""
        return Verdict.REFUSE
