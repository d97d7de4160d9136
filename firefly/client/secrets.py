"""The client's calls about a project's secrets."""

from datetime import datetime
from urllib.parse import quote

from .api_transport import ApiTransport, project_path
from .models import Page, Value


class Secret(Value):
    """A project's secret without its value; `state` is set, missing or unreadable."""

    name: str
    state: str
    size: int
    by: str | None = None
    changed_at: datetime


class SecretCalls:
    """Of one project. Every method raises ClientError."""

    def __init__(self, transport: ApiTransport, owner: str, name: str) -> None:
        self._transport = transport
        self._path = f"{project_path(owner, name)}/secrets"

    async def all(self) -> list[Secret]:
        return (await self._transport.ask(Page[Secret], "GET", self._path)).items

    async def set(self, secret: str, value: str) -> Secret:
        return await self._transport.ask(Secret, "POST", self._path, {"name": secret, "value": value})

    async def remove(self, secret: str) -> None:
        await self._transport.remove(f"{self._path}/{quote(secret, safe='')}")
