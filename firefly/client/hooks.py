"""The client's calls about the hooks that projects call."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, TypeVar
from urllib.parse import quote
from uuid import UUID

import aiohttp
from pydantic import BaseModel

from .models import Page, Value
from .reading import read

Model = TypeVar("Model", bound=BaseModel)


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


class Asking(Protocol):
    def request(
        self, method: str, path: str, *, json_body: object = None, params: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]: ...


class HookCalls:
    """Of one project. Every method raises ClientError."""

    def __init__(self, client: Asking, owner: str, name: str) -> None:
        self._client = client
        self._path = f"/projects/{quote(owner, safe='')}/{quote(name, safe='')}/hooks"

    async def all(self) -> Sequence[Hook]:
        return (await self._ask(Page[Hook], "GET")).items

    async def add(self, url: str, *, flavour: str, events: Sequence[str]) -> CreatedHook:
        return await self._ask(CreatedHook, "POST", body={"url": url, "flavour": flavour, "events": list(events)})

    async def switch(self, hook_id: UUID, *, active: bool) -> Hook:
        return await self._ask(Hook, "PATCH", f"/{hook_id}", body={"active": active})

    async def remove(self, hook_id: UUID) -> None:
        async with self._client.request("DELETE", f"{self._path}/{hook_id}"):
            pass

    async def ping(self, hook_id: UUID) -> HookCall:
        return await self._ask(HookCall, "POST", f"/{hook_id}/ping")

    async def calls(self, hook_id: UUID) -> Sequence[HookCall]:
        """The last fifty, the newest first."""
        return (await self._ask(Page[HookCall], "GET", f"/{hook_id}/deliveries")).items

    async def again(self, hook_id: UUID, call_id: UUID) -> HookCall:
        return await self._ask(HookCall, "POST", f"/{hook_id}/deliveries/{call_id}/redeliver")

    async def _ask(self, model: type[Model], method: str, path: str = "", *, body: object = None) -> Model:
        async with self._client.request(method, self._path + path, json_body=body) as response:
            return await read(model, response)
