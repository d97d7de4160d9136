"""The client's calls about what providers' hooks have sent to a project."""

from collections.abc import AsyncIterator
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from .hooks import Asking
from .models import Page, Value
from .reading import read


class Delivery(Value):
    """`delivery` is the provider's own id of it; `reason` says what was done, or why not."""

    id: UUID
    provider: str
    delivery: str
    event: str
    summary: str
    is_kept: bool
    state: str
    reason: str
    attempts: int
    received_at: datetime


class DeliveryCalls:
    """Of one project. Every method raises ClientError."""

    def __init__(self, client: Asking, owner: str, name: str) -> None:
        self._client = client
        self._path = f"/projects/{quote(owner, safe='')}/{quote(name, safe='')}/hook-deliveries"

    async def each(self) -> AsyncIterator[Delivery]:
        """The newest first, asked for as they are wanted."""
        params = {"limit": "100"}
        while True:
            async with self._client.request("GET", self._path, params=params) as response:
                page = await read(Page[Delivery], response)
            for one in page.items:
                yield one
            if page.next is None:
                return
            params["cursor"] = page.next

    async def body(self, delivery_id: UUID) -> str:
        async with self._client.request("GET", f"{self._path}/{delivery_id}/body") as response:
            return await response.text()

    async def redeliver(self, delivery_id: UUID) -> Delivery:
        async with self._client.request("POST", f"{self._path}/{delivery_id}/redeliver") as response:
            return await read(Delivery, response)
