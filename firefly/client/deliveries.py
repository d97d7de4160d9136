"""The client's calls about what providers' hooks have sent to a project."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from .api_transport import ApiTransport, project_path
from .models import Page, Value


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

    def __init__(self, transport: ApiTransport, owner: str, name: str) -> None:
        self._transport = transport
        self._path = f"{project_path(owner, name)}/hook-deliveries"

    def each(self) -> AsyncIterator[Delivery]:
        """The newest first, asked for as they are wanted."""
        return self._transport.each(Page[Delivery], self._path, params={"limit": "100"})

    async def body(self, delivery_id: UUID) -> str:
        async with self._transport.request("GET", f"{self._path}/{delivery_id}/body") as response:
            return await response.text()

    async def redeliver(self, delivery_id: UUID) -> Delivery:
        return await self._transport.ask(Delivery, "POST", f"{self._path}/{delivery_id}/redeliver")
