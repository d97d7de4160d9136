"""Faults over any backend: one that is slow, never ready, crashes at once, dies later, or is away."""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from firefly.errors import SandboxFailed, Unavailable
from firefly.protocol.execution import DEFAULT_TIMEOUT, ExecResult
from firefly.sandbox.backend import Capabilities, ExitStatus, Instance, SandboxBackend, SandboxSpec, Stats


class Faulty(SandboxBackend):
    """Passes everything on to `inner`. `started` lists every spec that a start was asked for, in order."""

    def __init__(self, inner: SandboxBackend) -> None:
        self.inner = inner
        self.started: list[SandboxSpec] = []

    def asked(self) -> SandboxBackend:
        """Whom a call that needs the backend goes to; raises what keeps it from answering."""
        return self.inner

    async def before_start(self, spec: SandboxSpec) -> None:
        """May wait, or raise what the start fails with."""

    async def look(self) -> None:
        await self.inner.look()

    async def open(self) -> None:
        await self.asked().open()

    async def close(self) -> None:
        await self.inner.close()

    async def ground(self) -> str:
        return await self.asked().ground()

    def capabilities(self) -> Capabilities:
        return self.inner.capabilities()

    async def create(self, spec: SandboxSpec) -> Instance:
        self.started.append(spec)
        await self.before_start(spec)
        return await self.asked().create(spec)

    async def stop(self, instance_id: str, *, reason: str) -> None:
        await self.asked().stop(instance_id, reason=reason)

    async def freeze(self, instance_id: str) -> None:
        await self.asked().freeze(instance_id)

    async def thaw(self, instance_id: str) -> None:
        await self.asked().thaw(instance_id)

    def frozen(self, instance_id: str) -> bool:
        return self.inner.frozen(instance_id)

    async def wait(self, instance_id: str) -> ExitStatus:
        return await self.inner.wait(instance_id)

    async def remove_workspace(self, workspace_id: UUID) -> None:
        await self.asked().remove_workspace(workspace_id)

    async def list(self) -> Sequence[Instance]:
        return await self.asked().list()

    async def adopt(self) -> Sequence[Instance]:
        return await self.asked().adopt()

    async def connect(self, instance_id: str, port: int) -> socket.socket:
        return await self.asked().connect(instance_id, port)

    def bridge_path(self, instance_id: str) -> Path:
        return self.inner.bridge_path(instance_id)

    def gateway_path(self, instance_id: str) -> Path:
        return self.inner.gateway_path(instance_id)

    async def exec(
        self,
        instance_id: str,
        command: str | Sequence[str],
        *,
        environment: Mapping[str, str] = {},
        timeout: float = DEFAULT_TIMEOUT,
    ) -> ExecResult:
        return await self.asked().exec(instance_id, command, environment=environment, timeout=timeout)

    async def logs(self, instance_id: str) -> str:
        return await self.asked().logs(instance_id)

    async def stats(self, instance_id: str) -> Stats:
        return await self.asked().stats(instance_id)

    async def exit_status(self, instance_id: str) -> ExitStatus | None:
        return await self.asked().exit_status(instance_id)


class Slow(Faulty):
    """Each start waits for `gate`, so that a test decides when it goes on. `waiting` counts those at the gate."""

    def __init__(self, inner: SandboxBackend) -> None:
        super().__init__(inner)
        self.gate = asyncio.Event()
        self.waiting = 0

    async def before_start(self, spec: SandboxSpec) -> None:
        self.waiting += 1
        try:
            await self.gate.wait()
        finally:
            self.waiting -= 1


class NeverReady(Faulty):
    """What starts never answers, and the start gives up with what was printed; nothing of it is left."""

    async def create(self, spec: SandboxSpec) -> Instance:
        instance = await super().create(spec)
        await self.inner.stop(instance.id, reason="It never answered.")
        raise SandboxFailed("The bridge did not answer within 30 s.", output="importing ...")


class Crashing(Faulty):
    """The first `crashes` starts fail at once; those after it succeed."""

    def __init__(self, inner: SandboxBackend, *, crashes: int = 1 << 30) -> None:
        super().__init__(inner)
        self.crashes = crashes

    async def before_start(self, spec: SandboxSpec) -> None:
        if self.crashes > 0:
            self.crashes -= 1
            raise SandboxFailed("The bridge ended with code 1.", output="Traceback: no module named firefly")


class Dying(Faulty):
    """A run ends, as if by itself, when `die` is called."""

    def __init__(self, inner: SandboxBackend) -> None:
        super().__init__(inner)
        self._deaths: dict[str, tuple[int, str]] = {}

    async def die(self, instance_id: str, *, code: int = 1, output: str = "") -> None:
        """Returns when it has ended."""
        self._deaths[instance_id] = code, output
        await self.inner.stop(instance_id, reason="It dies.")

    async def wait(self, instance_id: str) -> ExitStatus:
        return self._told(instance_id, await self.inner.wait(instance_id))

    async def exit_status(self, instance_id: str) -> ExitStatus | None:
        status = await self.inner.exit_status(instance_id)
        return None if status is None else self._told(instance_id, status)

    def _told(self, instance_id: str, status: ExitStatus) -> ExitStatus:
        if instance_id not in self._deaths:
            return status
        code, output = self._deaths[instance_id]
        return replace(status, code=code, reason=f"The bridge ended with code {code}.", requested=False, output=output)


class Away(Faulty):
    """While `away` is set nothing can be asked of the backend, as when a container engine is being restarted.

    What runs runs on, and who waits for its end goes on waiting.
    """

    def __init__(self, inner: SandboxBackend) -> None:
        super().__init__(inner)
        self.away = False

    def asked(self) -> SandboxBackend:
        if self.away:
            raise Unavailable("The backend does not answer.")
        return self.inner
