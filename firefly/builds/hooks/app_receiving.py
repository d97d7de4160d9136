"""Taking what a GitHub App's own hook sends: each event goes to the projects of the repositories that it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog

from ...errors import InvalidInput, RateLimited
from ...git.links import ProviderLink
from ...git.providers.payloads import read, summary
from ...git.providers.payloads.audience import REVOKED, Audience, audience
from ...git.providers.signatures import Envelope
from .receiving import HookReceiver, beside

log = structlog.get_logger()
PROVIDER = "github"
TOO_MANY = "Too many deliveries wait to be handled."


class AppSide(Protocol):
    """What the App's hook asks of the part that knows the App, links and connections."""

    async def hook_secret(self) -> str:
        """Empty where there is no App, or its hook is off."""

    async def concerned(self, whom: Audience) -> Sequence[ProviderLink]:
        """The links of projects to repositories that it is about."""

    async def revoked(self, user_id: str) -> None:
        """Somebody took his leave back at GitHub: his connections are looked at. Twice does no harm.

        Raises Unavailable where one could not be.
        """

    async def is_noted(self, envelope: Envelope) -> bool:
        """Whether it came before, and was written down."""

    async def note(self, envelope: Envelope, told: str, reason: str, projects: int) -> bool:
        """Write down that it came; whether it is new."""


@dataclass(frozen=True, slots=True)
class AppReceived:
    """`state` is `received`, `ignored` or `repeated`; `projects` counts those that handle it."""

    state: str
    projects: int


class AppReceiver:
    def __init__(self, side: AppSide, receiver: HookReceiver) -> None:
        self._side = side
        self._receiver = receiver

    async def receive(self, headers: Mapping[str, str], body: bytes) -> AppReceived:
        """Raises Refused; InvalidInput for a payload of no known shape; RateLimited while of all too many wait."""
        secret = await self._side.hook_secret()
        envelope = await beside(len(body), lambda: self._receiver.verified(PROVIDER, headers, body, secret))
        try:
            whom = await beside(len(body), lambda: audience(envelope.event, body))
            happening = await beside(len(body), lambda: read(PROVIDER, envelope.event, body))
        except InvalidInput as error:
            await self._side.note(envelope, "", error.detail, 0)
            raise
        if envelope.event == REVOKED:
            return await self._revoked(envelope, whom)
        told = summary(happening) if happening else ""
        taken = await self._spread(envelope, body, whom) if happening else {}
        # At last: a call that broke off is sent again under the same id, and each project takes it once.
        new = await self._side.note(envelope, told, "" if happening else "Firefly has no use for it.", len(taken))
        handled = sum(taken.values())
        return AppReceived("received" if handled else "ignored" if new else "repeated", handled)

    async def _spread(self, envelope: Envelope, body: bytes, whom: Audience) -> dict[UUID, bool]:
        """The projects that it concerns, and whether each is to handle it. Raises RateLimited where none has room."""
        taken: dict[UUID, bool] = {}
        full = 0
        for link in await self._side.concerned(whom):
            assert link.project_id is not None
            try:
                received = await self._receiver.take(link, link.project_id, envelope, body)
                taken[link.project_id] = received.state == "received"
            except RateLimited:
                # Its branches and pull requests are looked at by themselves, and others are not to wait for it.
                full += 1
                log.warning("hook.not_taken", project_id=str(link.project_id), what=envelope.event)
        if full and not taken:
            raise RateLimited(TOO_MANY, retry_after=60)
        return taken

    async def _revoked(self, envelope: Envelope, whom: Audience) -> AppReceived:
        if await self._side.is_noted(envelope):
            return AppReceived("repeated", 0)
        if whom.user:
            await self._side.revoked(whom.user)
        # At last, as with all others.
        await self._side.note(envelope, "leave revoked", "", 0)
        return AppReceived("received", 0)
