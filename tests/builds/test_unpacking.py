"""Workspaces that begin with an artifact, in real sandboxes: small ones filled, large ones upon a layer."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import pytest

from firefly.artifacts import FileArtifactStore
from firefly.builds.packing import unpacking
from firefly.builds.packing.artifacts import Artifacts
from firefly.builds.packing.unpacking import Unpacking
from firefly.bus import Bus
from firefly.errors import Conflict
from firefly.sandbox.backend import SandboxSpec
from firefly.sandbox.detection import Machine
from firefly.sandbox.keeper import Keeper
from firefly.sandbox.layers import Layers
from firefly.sandbox.process import ProcessBackend
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.clock import ManualClock
from tests.bridge.test_building import tar
from tests.builds.holding import some_hold
from tests.builds.test_artifacts import pieces, stored
from tests.sandbox.conftest import machine
from tests.sandbox.keeping import House, Source

__all__ = ["machine"]


class Layered(Source):
    """As a server has it: with what each workspace lies on."""

    layers: Layers

    async def spec(self, workspace_id: UUID) -> SandboxSpec:
        return replace(await super().spec(workspace_id), layers=await self.layers.below(workspace_id))


@dataclass
class Ground:
    backend: ProcessBackend
    keeper: Keeper
    layers: Layers
    artifacts: Artifacts
    unpacking: Unpacking

    async def see(self, workspace_id: UUID, command: str) -> str:
        instance = await self.keeper.ensure(workspace_id)
        return (await self.backend.exec(instance.id, command)).stdout.strip()


@pytest.fixture
async def ground(
    database: Database, bus: Bus, settings: Settings, machine: Machine, clock: ManualClock, tmp_path: Path
) -> AsyncIterator[Ground]:
    backend = ProcessBackend(settings, machine=machine)
    house = House(database, bus, settings, clock, tmp_path)
    layers, source = Layers(database, backend, clock), Layered(database, clock)
    source.layers = layers
    house.source = lambda *_: source
    async with house.open(backend, stop_all=True) as keeper:
        artifacts = Artifacts(database, FileArtifactStore(tmp_path / "store"), clock)
        layered = backend.capabilities().layers
        made = Unpacking(keeper=keeper, artifacts=artifacts, layers=layers, layered=layered)
        yield Ground(backend, keeper, layers, artifacts, made)


async def test_an_artifact_is_unpacked_for_each_or_once_for_all(
    ground: Ground,
    database: Database,
    clock: ManualClock,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = pieces(tar(("app/run", "hello"), ("empty", None)))
    product = await ground.artifacts.add(content, "archive", await some_hold(database))
    small = await ground.unpacking.begin(product.digest)
    assert await ground.see(small, "cat app/run; ls") == "helloapp\nempty"

    monkeypatch.setattr(unpacking, "LARGE", 1)
    one, other = await asyncio.gather(*(ground.unpacking.begin(product.digest) for _ in range(2)))
    assert await ground.see(one, "cat app/run; echo mine > app/run; cat app/run") == "hellomine"
    assert await ground.see(other, "cat app/run; ls") == "helloapp\nempty"
    assert len(list((settings.data_dir / "layers").iterdir())) == 1

    clock.advance(7200)
    assert await ground.layers.sweep() == 0
    for workspace_id in (one, other):
        await ground.keeper.remove(workspace_id)
    third = await ground.unpacking.begin(product.digest)
    assert await ground.layers.sweep() == 0
    await ground.keeper.remove(third)
    assert await ground.layers.sweep() == 1
    assert not list((settings.data_dir / "layers").iterdir())
    fourth = await ground.unpacking.begin(product.digest)
    assert await ground.see(fourth, "cat app/run") == "hello"

    # One that is broken leaves no workspace.
    (file,) = stored(tmp_path)
    file.write_bytes(file.read_bytes()[:-2])
    monkeypatch.undo()
    before = await ground.backend.list()
    with pytest.raises(Conflict, match="not whole"):
        await ground.unpacking.begin(product.digest)
    # Those that nobody has used for two hours may have been stopped meanwhile.
    assert {instance.id for instance in await ground.backend.list()} <= {instance.id for instance in before}
