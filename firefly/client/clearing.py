"""The client's calls about what is cleared away."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

import aiohttp

from .models import Page, Value
from .reading import read

# Seconds: whoever looks for bytes without rows looks twice, and an engine has much to look at.
PATIENCE = 900.0


class Clearing(Value):
    part: str
    swept_at: datetime | None
    removed_at: datetime | None
    removed: int
    bytes: int
    failure: str


class Cleared(Value):
    part: str
    count: int
    bytes: int


class Asking(Protocol):
    def request(
        self, method: str, path: str, *, json_body: object = None, timeout: float | None = PATIENCE
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]: ...


class ClearingCalls:
    """For administrators. Every method raises ClientError."""

    def __init__(self, client: Asking) -> None:
        self._client = client

    async def list(self) -> list[Clearing]:
        async with self._client.request("GET", "/admin/clearings") as response:
            return (await read(Page[Clearing], response)).items

    async def clear(self, part: str, *, dry_run: bool = False) -> Cleared:
        """Minutes, where there is much."""
        body = {"dry_run": dry_run}
        async with self._client.request(
            "POST", f"/admin/clearings/{part}", json_body=body, timeout=PATIENCE
        ) as response:
            return await read(Cleared, response)
