"""The client's calls about what is cleared away."""

from datetime import datetime

from .api_transport import ApiTransport
from .models import Page, Value

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


class ClearingCalls:
    """For administrators. Every method raises ClientError."""

    def __init__(self, transport: ApiTransport) -> None:
        self._transport = transport

    async def all(self) -> list[Clearing]:
        return (await self._transport.ask(Page[Clearing], "GET", "/admin/clearings")).items

    async def clear(self, part: str, *, dry_run: bool = False) -> Cleared:
        """Minutes, where there is much."""
        body, path = {"dry_run": dry_run}, f"/admin/clearings/{part}"
        return await self._transport.ask(Cleared, "POST", path, body, timeout=PATIENCE)
