"""The plain address of a server that has certificates: everything is sent to https, and nothing served."""

from typing import TYPE_CHECKING

from . import delivery, forwarded, pages, reception
from .connection import Connection
from .hosts import Part
from .pages import elsewhere
from .pool import APP
from .stage import HELD

if TYPE_CHECKING:
    from .heads import Head

# Where authorities look for the proof that a host is ours (RFC 8555, 8.3); they begin without encryption.
CHALLENGES = b"/.well-known/acme-challenge/"


class OnwardConnection(Connection):
    """One connection to the plain address. Whether a host exists is not told here either."""

    __slots__ = ()

    def begin(self, head: "Head") -> None:
        self.head = head
        self.stage = HELD
        self.since = self.stamp
        self.trusted = False
        self.request_id = self.context.request_id()
        if self.context.requests >= self.context.look_at:
            self.context.look_at = self.context.journal.look(self, self.context.requests)
        if head.method in reception.REFUSED_METHODS:
            delivery.answer(self, pages.METHOD)
        elif head.target.startswith(CHALLENGES):
            delivery.deliver(self, APP, forwarded.to_app(head, self.visitor, self.request_id, content=False))
        else:
            self._send_on(head)

    def _send_on(self, head: "Head") -> None:
        hosts = self.context.hosts
        part = hosts.resolve(head.host)[0]
        if part is Part.UNKNOWN:
            delivery.answer(self, pages.MISDIRECTED)
            return
        origin = hosts.content_origin(head.host) if part is Part.CONTENT else hosts.app_url
        path = head.target.decode("ascii") if head.target.startswith(b"/") else "/"
        delivery.answer(self, elsewhere(308, origin + path))
