"""The client's calls about what owners use and may."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import aiohttp

from .models import Page, Value
from .reading import read


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


class Asking(Protocol):
    def request(
        self, method: str, path: str, *, json_body: object = None, params: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]: ...


class QuotaCalls:
    """Every method raises ClientError."""

    def __init__(self, client: Asking) -> None:
        self._client = client

    async def check(self, owners: Sequence[str] = ()) -> list[Quota]:
        async with self._client.request("GET", "/quotas", params={"owners": ",".join(owners)}) as response:
            return (await read(Page[Quota], response)).items

    async def enforce(self, owners: Sequence[str] = (), *, dry_run: bool = False) -> list[Enforced]:
        body = {"owners": list(owners), "dry_run": dry_run}
        async with self._client.request("POST", "/quotas/enforce", json_body=body) as response:
            return (await read(Page[Enforced], response)).items
