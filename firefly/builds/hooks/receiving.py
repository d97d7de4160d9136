"""Taking what a hook sends: signed, of a known shape, and written down before anything is answered."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import TypeVar
from uuid import UUID

import structlog

from ...clock import Clock
from ...errors import Conflict, InvalidInput, RateLimited
from ...git.links import Links, LinkState, ProviderLink
from ...git.providers.payloads import Happening, RepositoryChange, RepositoryChanged, read, summary
from ...git.providers.signatures import Envelope, verify
from .deliveries import Deliveries, DeliveryState

log = structlog.get_logger()
Result = TypeVar("Result")

# As much as GitHub sends at most.
LARGEST = 25 << 20
# Reading a body of this size takes long enough to be done beside the loop.
_LARGE = 64 << 10
_ENDED = frozenset({LinkState.UNLINKING})


@dataclass(frozen=True, slots=True)
class Received:
    """`id` is None for what came before; `state` is `received`, `ignored` or `repeated`."""

    id: UUID | None
    state: str


class HookReceiver:
    """`wake` is called when there is something to handle; `hide` for a project whose repository became private."""

    def __init__(
        self,
        *,
        links: Links,
        deliveries: Deliveries,
        clock: Clock,
        wake: Callable[[], None],
        hide: Callable[[UUID], Awaitable[None]],
    ) -> None:
        self._links = links
        self._deliveries = deliveries
        self._clock = clock
        self._wake = wake
        self._hide = hide
        # For whoever asks about a project that has no hook, so that this takes the same way.
        self._nobodys = token_urlsafe(32)

    async def receive(self, provider: str, project_id: UUID, headers: Mapping[str, str], body: bytes) -> Received:
        """Raises Refused, the same for every project that has no such hook; InvalidInput for a payload of no known
        shape, RateLimited while too many wait.
        """
        link = await self._link(provider, project_id)
        secret = link.hook_secret if link else ""
        envelope = await beside(len(body), lambda: self.verified(provider, headers, body, secret))
        assert link is not None, "nobody's secret signs"
        return await self.take(link, project_id, envelope, body)

    async def take(self, link: ProviderLink, project_id: UUID, envelope: Envelope, body: bytes) -> Received:
        """What was signed by whom it comes from. Raises InvalidInput, RateLimited."""
        provider = link.provider
        if await self._deliveries.is_full(project_id):
            raise RateLimited("Too many deliveries wait to be handled.", retry_after=60)
        try:
            happening = await beside(len(body), lambda: read(provider, envelope.event, body))
        except InvalidInput as error:
            await self._note(provider, project_id, envelope, body, DeliveryState.FAILED, error.detail)
            raise
        taken = await self._add(provider, project_id, envelope, body, happening)
        if taken.state == "received" and _is_hidden(link, happening):
            # At once: what came before it may take its time.
            await self._hide(project_id)
        return taken

    async def _link(self, provider: str, project_id: UUID) -> ProviderLink | None:
        try:
            link = await self._links.of_project(project_id)
        except Conflict as error:
            log.error("hook.unreadable", project_id=str(project_id), reason=error.detail)
            return None
        return link if link and link.provider == provider and link.state not in _ENDED else None

    def verified(self, provider: str, headers: Mapping[str, str], body: bytes, secret: str) -> Envelope:
        """Without a secret nobody's is compared, so that this takes the same way. Raises Refused."""
        return verify(provider, headers, body, secret or self._nobodys, now=self._clock.time())

    async def _add(
        self, provider: str, project_id: UUID, envelope: Envelope, body: bytes, happening: Happening | None
    ) -> Received:
        if happening is None:
            told = f"Firefly has no use for `{envelope.event}`."
            noted = await self._note(provider, project_id, envelope, body, DeliveryState.IGNORED, told)
            return Received(noted, "ignored" if noted else "repeated")
        added = await self._deliveries.add(
            project_id, provider, delivery=envelope.delivery, event=envelope.event, summary=summary(happening),
            body=body, state=DeliveryState.RECEIVED,
        )  # fmt: skip
        if added is None:
            return Received(None, "repeated")
        log.info("hook.received", project_id=str(project_id), provider=provider, what=summary(happening))
        self._wake()
        return Received(added, "received")

    async def _note(
        self, provider: str, project_id: UUID, envelope: Envelope, body: bytes, state: DeliveryState, reason: str
    ) -> UUID | None:
        return await self._deliveries.add(
            project_id, provider, delivery=envelope.delivery, event=envelope.event, summary="", body=body, state=state,
            reason=reason,
        )  # fmt: skip


def _is_hidden(link: ProviderLink, happening: Happening | None) -> bool:
    """Of the link's own repository: a hook of a whole group tells of the others in it too."""
    return (
        isinstance(happening, RepositoryChanged)
        and happening.what is RepositoryChange.PRIVATE
        and happening.path.lower() == link.repository.lower()
    )


async def beside(size: int, work: Callable[[], Result]) -> Result:
    """Large bodies keep nobody else waiting."""
    return await asyncio.to_thread(work) if size > _LARGE else work()
