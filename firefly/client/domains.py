"""The client's calls about a project's domains."""

from datetime import datetime
from uuid import UUID

from .api_transport import ApiTransport, project_path
from .models import Page, Value


class Proof(Value):
    """A record of the DNS."""

    type: str
    name: str
    value: str


class Certificate(Value):
    state: str
    reason: str = ""
    ends: datetime | None = None


class Domain(Value):
    """`state` is pending, active, failing, suspended or taken; `reason` says why."""

    id: UUID
    host: str
    kind: str
    port: int | None = None
    state: str
    reason: str = ""
    url: str
    proof: Proof | None = None
    certificate: Certificate


class DomainCalls:
    """Of one project. Every method raises ClientError."""

    def __init__(self, transport: ApiTransport, owner: str, name: str) -> None:
        self._transport = transport
        self._path = f"{project_path(owner, name)}/domains"

    async def all(self) -> list[Domain]:
        return (await self._transport.ask(Page[Domain], "GET", self._path)).items

    async def add(self, host: str, *, port: int | None = None) -> Domain:
        """A label for an alias, or a host; `port` of the application, None for its main one."""
        return await self._transport.ask(Domain, "POST", self._path, {"host": host, "port": port})

    async def check(self, domain_id: UUID) -> Domain:
        """Have the proof looked for now."""
        return await self._transport.ask(Domain, "POST", f"{self._path}/{domain_id}/check")

    async def remove(self, domain_id: UUID) -> None:
        await self._transport.remove(f"{self._path}/{domain_id}")
