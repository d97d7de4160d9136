"""Whatever is asked of one sandbox, in whatever order and however fast: one run at most, and never stuck."""

import asyncio
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firefly.errors import SandboxFailed
from firefly.sandbox.backend import Instance, SandboxSpec, State
from firefly.sandbox.keeper import Keeper, Terms
from firefly.settings import Settings
from firefly.testing.sandbox import MemoryBackend

ACTIONS = st.tuples(st.sampled_from(["ensure", "stop", "restart", "crash", "lose", "give up"]), st.integers(0, 9))
PATIENCE = 30


async def turns(number: int) -> None:
    """Let everything else go on by so many steps."""
    for _ in range(number):
        await asyncio.sleep(0)


class Steps(MemoryBackend):
    """Starting and stopping take a few steps, in each of which something else may happen."""

    async def before_ready(self, spec: SandboxSpec) -> None:
        await turns(3)

    async def stop(self, instance_id: str, *, reason: str) -> None:
        await turns(2)
        await super().stop(instance_id, reason=reason)


class Anywhere:
    """A source for any workspace, and an observer that takes its time."""

    async def spec(self, workspace_id: UUID) -> SandboxSpec:
        await turns(1)
        return SandboxSpec(workspace_id, 1)

    async def started(self, workspace_id: UUID, instance: Instance) -> None:
        await turns(2)

    async def ended(self, workspace_id: UUID, instance: Instance) -> None:
        await turns(2)


class Play:
    """A keeper without a database, and so without a count of all sandboxes, and those who ask it."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.backend = Steps(folder)
        source = Anywhere()
        nothing = cast(Any, None)
        self.keeper = Keeper(backend=self.backend, database=nothing, bus=nothing, source=source, settings=settings)
        self.keeper.observe(source)
        cast(Any, self.keeper._records).put = self._put
        cast(Any, self.keeper._granting).terms = self._terms
        cast(Any, self.keeper._records).check_node = self._put
        cast(Any, self.keeper._lease).check = lambda: None
        archives = cast(Any, self.keeper._archives)
        archives.of = archives.note_use = archives.rest = self._put
        self.workspace = uuid4()
        self.callers: list[asyncio.Task[object]] = []

    async def _terms(self, *_: object) -> Terms:
        return Terms()

    async def _put(self, *_: object, **__: object) -> None:
        await turns(2)

    async def act(self, action: str) -> None:
        live = await self.backend.list()
        match action:
            case "crash" if live:
                self.backend.end(live[0].id)
            case "lose" if live:
                self.backend.lose(live[0].id)
            case "give up" if self.callers:
                self.callers[-1].cancel()
            case "ensure":
                self.callers.append(asyncio.create_task(self.keeper.ensure(self.workspace, insist=True)))
            case "stop":
                self.callers.append(asyncio.create_task(self.keeper.stop(self.workspace, "Stopped.")))
            case "restart":
                self.callers.append(asyncio.create_task(self.keeper.restart(self.workspace)))

    async def settle(self) -> None:
        """Everybody has an answer, or the one failure that there may be."""
        async with asyncio.timeout(PATIENCE):
            answers = await asyncio.gather(*self.callers, return_exceptions=True)
        for answer in answers:
            assert answer is None or isinstance(answer, Instance | SandboxFailed | asyncio.CancelledError)
        await turns(40)


async def play(folder: Path, settings: Settings, actions: list[tuple[str, int]]) -> None:
    made = Play(folder, settings)
    for action, pause in actions:
        await made.act(action)
        await turns(pause)
        assert len(await made.backend.list()) <= 1
    await made.settle()
    live, running = list(await made.backend.list()), made.keeper.running(made.workspace)
    assert live == ([running] if running else [])
    async with asyncio.timeout(PATIENCE):
        instance = await made.keeper.ensure(made.workspace, insist=True)
        assert (list(await made.backend.list()), made.keeper.running(made.workspace)) == ([instance], instance)
        await made.keeper.stop(made.workspace, "Enough.")
    assert list(await made.backend.list()) == []
    assert (await made.keeper.status(made.workspace)).state is State.STOPPED
    await made.keeper.close()


@settings(max_examples=200)
@given(actions=st.lists(ACTIONS, max_size=12))
def test_any_order_of_requests_ends_well(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, int]]
) -> None:
    folder = tmp_path_factory.getbasetemp() / f"lifecycle-{uuid4().hex}"
    folder.mkdir()
    asyncio.run(play(folder, Settings(data_dir=folder, prepared_sandboxes=0, sandboxes_per_user=0), actions))
    assert not (folder / "workspaces").exists(), "a twin has no files"
