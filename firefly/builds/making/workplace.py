"""One sandbox in which something is built, from when it is claimed until it ends: that run of it and no other."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from firefly.client.building import BuildingClient
from firefly.client.errors import domain_errors
from firefly.errors import Unavailable
from firefly.protocol.building import Ended, Filled, FrameKind, Packed, PackParams
from firefly.sandbox.backend import ExitStatus
from firefly.sandbox.keeper import Keeper
from firefly.sandbox.runs import answers

from ..seams import StepLog

# For how long whoever watches a sandbox may take to hear of its end; of a node that does not answer, far longer.
LOOK, LOOKS, MOST_LOOKS = 0.1, 30, 300
# Bytes of an answer, after which no more is read.
MOST_SAID = 4096
_STREAMS = {FrameKind.OUT: "out", FrameKind.ERR: "err"}


class Lost(Unavailable):
    """The machine of a sandbox went away with what was built in it: nobody's fault, and it may be built elsewhere."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """`run_id` and `bridge` are of the run that was claimed: another of the same workspace has none of its files.

    Everything raises domain errors, Unavailable where the sandbox ends meanwhile.
    """

    id: UUID
    keeper: Keeper
    run_id: str
    bridge: Path

    @classmethod
    def of(cls, workspace_id: UUID, keeper: Keeper) -> "Workplace":
        """What runs of a workspace now. Raises Unavailable."""
        running = keeper.running(workspace_id)
        if running is None:
            raise Unavailable("The sandbox has ended.")
        return cls(workspace_id, keeper, running.id, keeper.bridge_path(workspace_id))

    def _client(self) -> BuildingClient:
        return BuildingClient.on_socket(self.bridge)

    async def fill(self, tar: AsyncIterable[bytes]) -> Filled:
        async with domain_errors(), self._client() as client:
            return await client.fill(tar)

    async def run(self, command: str, *, env: Mapping[str, str], step: StepLog) -> int:
        """The exit status of a line for the shell, whose output goes to the step as it comes."""
        async with domain_errors(), self._client() as client, client.run(command, env=env) as frames:
            async for kind, content in frames:
                if kind is FrameKind.END:
                    return Ended.model_validate_json(content).exit_code
                self.keeper.touch(self.id)
                await step.write(content, stream=_STREAMS[kind])
        raise AssertionError("a stream of frames ends with END")

    async def answer(self, command: str, *, env: Mapping[str, str]) -> str | None:
        """What a short line for the shell prints; None where it fails."""
        said = bytearray()
        async with domain_errors(), self._client() as client, client.run(command, env=env) as frames:
            async for kind, content in frames:
                if kind is FrameKind.END:
                    done = Ended.model_validate_json(content).exit_code == 0
                    return said.decode(errors="replace") if done else None
                if kind is FrameKind.OUT and len(said) < MOST_SAID:
                    said += content
        raise AssertionError("a stream of frames ends with END")

    async def pack(self, params: PackParams, tell: Callable[[Packed], None]) -> AsyncGenerator[bytes, None]:
        """The canonical tar in pieces; `tell` hears at its end what is in it."""
        async with domain_errors(), self._client() as client, client.pack(params) as frames:
            async for kind, content in frames:
                if kind is FrameKind.END:
                    tell(Packed.model_validate_json(content))
                    return
                yield content

    async def ended_because(self) -> str:
        """Why it, which answers no more, does not run; empty where it does. Raises Lost where its machine is away."""
        status = await self._end()
        if status is not None and status.lost:
            raise Lost(status.reason)
        return status.reason if status is not None else ""

    async def _end(self) -> ExitStatus | None:
        """Whoever watches it hears of its end a moment later; while its bridge does not answer, that is waited for."""
        for look in range(MOST_LOOKS):
            if (status := await self.keeper.end_of(self.run_id)) is not None:
                return status
            if look >= LOOKS and await self._answers():
                return None
            await asyncio.sleep(LOOK)
        return None

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(1):
                return await answers(self.bridge)
        except TimeoutError:
            return False

    async def oom_kills(self) -> int:
        """How many processes were ended so far because the memory was used up."""
        usage = (await self.keeper.status(self.id)).usage
        return usage.oom_kills if usage else 0
