"""The client's calls about what owners use and may."""

from collections.abc import Sequence

from .api_transport import ApiTransport
from .models import Page, Value


class Amount(Value):
    used: int
    most: int | None

    def __str__(self) -> str:
        return str(self.used) if self.most is None else f"{self.used} of {self.most}"


class Quota(Value):
    owner: str
    projects: Amount
    queued: int
    running: Amount
    minutes: Amount
    sites: Amount
    exceeded: list[str]


class Enforced(Value):
    owner: str
    what: str


class QuotaCalls:
    """Every method raises ClientError."""

    def __init__(self, transport: ApiTransport) -> None:
        self._transport = transport

    async def check(self, owners: Sequence[str] = ()) -> list[Quota]:
        return (await self._transport.ask(Page[Quota], "GET", "/quotas", params={"owners": ",".join(owners)})).items

    async def enforce(self, owners: Sequence[str] = (), *, dry_run: bool = False) -> list[Enforced]:
        body = {"owners": list(owners), "dry_run": dry_run}
        return (await self._transport.ask(Page[Enforced], "POST", "/quotas/enforce", body)).items
