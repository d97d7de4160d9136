"""The client's calls about the hooks that projects call."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from .api_transport import ApiTransport, project_path
from .models import Page, Value


class Hook(Value):
    id: UUID
    flavour: str
    host: str
    events: list[str]
    active: bool
    reason: str


class CreatedHook(Hook):
    secret: str


class HookCall(Value):
    id: UUID
    event: str
    state: str
    status: int | None
    reason: str
    attempts: int
    created_at: datetime


class HookCalls:
    """Of one project. Every method raises ClientError."""

    def __init__(self, transport: ApiTransport, owner: str, name: str) -> None:
        self._transport = transport
        self._path = f"{project_path(owner, name)}/hooks"

    async def all(self) -> list[Hook]:
        return (await self._transport.ask(Page[Hook], "GET", self._path)).items

    async def add(self, url: str, *, flavour: str, events: Sequence[str]) -> CreatedHook:
        body = {"url": url, "flavour": flavour, "events": list(events)}
        return await self._transport.ask(CreatedHook, "POST", self._path, body)

    async def switch(self, hook_id: UUID, *, active: bool) -> Hook:
        return await self._transport.ask(Hook, "PATCH", f"{self._path}/{hook_id}", {"active": active})

    async def remove(self, hook_id: UUID) -> None:
        await self._transport.remove(f"{self._path}/{hook_id}")

    async def ping(self, hook_id: UUID) -> HookCall:
        return await self._transport.ask(HookCall, "POST", f"{self._path}/{hook_id}/ping")

    async def calls(self, hook_id: UUID) -> list[HookCall]:
        """The last fifty, the newest first."""
        return (await self._transport.ask(Page[HookCall], "GET", f"{self._path}/{hook_id}/deliveries")).items

    async def again(self, hook_id: UUID, call_id: UUID) -> HookCall:
        path = f"{self._path}/{hook_id}/deliveries/{call_id}/redeliver"
        return await self._transport.ask(HookCall, "POST", path)
