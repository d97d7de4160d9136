"""The client's calls about the sandbox of a project's workspace, and about commands in it."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from uuid import UUID

from pydantic import Field

from .api_transport import PATIENCE, TIMEOUT, ApiTransport, project_path
from .models import Value
from .sse import ServerEvent


class Limits(Value):
    memory: int
    cpu: float
    pids: int
    disk: int


class Usage(Value):
    memory: int
    cpu_seconds: float
    pids: int


class Port(Value):
    port: int
    url: str


class KeepAwake(Value):
    id: UUID
    by: str
    reason: str
    until: datetime


class Sandbox(Value):
    state: str
    reason: str
    since: datetime
    freezes_at: datetime | None = None
    stops_at: datetime | None = None
    limits: Limits
    usage: Usage | None = None
    busy: list[str] = Field(default_factory=list)
    ports: list[Port] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    keep_awake: list[KeepAwake] = Field(default_factory=list)
    refusal: str | None = None


class Wishes(Value):
    """Seconds, bytes of memory, processors, processes, bytes on the disk; None: as the next in line says."""

    freeze: float | None = None
    stop: float | None = None
    memory: int | None = None
    cpu: float | None = None
    pids: int | None = None
    disk: int | None = None


class Terms(Value):
    freeze: float | None = None
    stop: float
    age: float | None = None
    limits: Limits
    notes: list[str] = Field(default_factory=list)


class SandboxSettings(Value):
    file: Wishes
    settings: Wishes
    standard: Wishes
    most: Wishes
    granted: Terms


class Execution(Value):
    exit_code: int
    stdout: str
    stderr: str
    timed_out: bool = False


class SandboxCalls:
    """Of one project. Every method raises ClientError."""

    def __init__(self, transport: ApiTransport, owner: str, name: str) -> None:
        self._transport = transport
        self._project = project_path(owner, name)
        self._path = f"{self._project}/sandbox"

    async def get(self) -> Sandbox:
        return await self._transport.ask(Sandbox, "GET", self._path)

    async def act(self, action: str) -> Sandbox:
        """`action`: start, stop or restart."""
        return await self._transport.ask(Sandbox, "POST", f"{self._path}/{action}", timeout=PATIENCE)

    async def keep_awake(self, duration: str, *, reason: str = "") -> Sandbox:
        """`duration` as in 2h."""
        body = {"for": duration, "reason": reason}
        return await self._transport.ask(Sandbox, "POST", f"{self._path}/keep-awake", body, timeout=PATIENCE)

    async def let_sleep(self, keep_awake_id: UUID) -> Sandbox:
        return await self._transport.ask(Sandbox, "DELETE", f"{self._path}/keep-awake/{keep_awake_id}")

    async def settings(self) -> SandboxSettings:
        return await self._transport.ask(SandboxSettings, "GET", f"{self._path}/settings")

    async def change_settings(self, wanted: Mapping[str, object]) -> SandboxSettings:
        """`wanted` holds any of freeze, stop, memory, cpu, pids, disk; what is missing is left to the server."""
        return await self._transport.ask(SandboxSettings, "PUT", f"{self._path}/settings", dict(wanted))

    async def execute(
        self, command: str | list[str], *, timeout: float = TIMEOUT, env: Mapping[str, str] = {}
    ) -> Execution:
        body = {"command": command, "timeout": timeout, "env": dict(env)}
        return await self._transport.ask(Execution, "POST", f"{self._project}/exec", body, timeout=timeout + PATIENCE)

    async def logs(self) -> AsyncIterator[ServerEvent]:
        """What the application says, until the iterator is closed."""
        async for event in self._transport.stream("GET", f"{self._project}/logs"):
            yield event
