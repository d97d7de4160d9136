"""Sandboxes in which something is built, where their files end with them, and their machines may go away."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firefly.builds.making.workplace import Lost, Workplace
from firefly.builds.making.workplaces import Workplaces
from firefly.errors import Unavailable
from firefly.sandbox.backend import Capabilities
from firefly.sandbox.terms import NOTHING
from firefly.settings import Settings
from firefly.testing.build_log import MemoryBuildLog
from firefly.testing.clock import ManualClock
from firefly.testing.sandbox import MemoryBackend
from tests.builds.yard import Yard
from tests.sandbox.backends import answer
from tests.sandbox.keeping import House
from tests.support.waiting import eventually


class Hall:
    """Workplaces of one project, and the backend that they run on."""

    def __init__(self, yard: Yard, backend: MemoryBackend, workplaces: Workplaces) -> None:
        self.yard, self.backend, self.workplaces = yard, backend, workplaces

    async def open(self) -> None:
        self.project_id = await self.yard.project(await self.yard.person("ada"))

    async def claim(self, name: str) -> Workplace:
        build = await self.yard.ask(self.project_id, ref=f"refs/heads/{name}")
        async with MemoryBuildLog().step("prepare") as step:
            return await self.workplaces.claim(build, NOTHING, step, ahead=False)

    async def run(self, workplace: Workplace) -> int:
        async with MemoryBuildLog().step("build") as step:
            return await workplace.run("true", env={}, step=step)

    async def left(self) -> set[str]:
        """The runs that there still are, once everything is cleared away that is to be."""
        await self.workplaces.settled()
        return {instance.id for instance in await self.backend.list()}


@pytest.fixture
async def hall(yard: Yard, clock: ManualClock, settings: Settings, tmp_path: Path) -> AsyncIterator[Hall]:
    transient = Capabilities(isolated=True, lacks=(), limits="cgroup2", keeps_files=False)
    backend = MemoryBackend(tmp_path / "memory", bridge=answer, capabilities=transient)
    house = House(yard.database, yard.bus, settings, clock, tmp_path)
    async with house.open(backend, stop_all=True) as keeper:
        made = Hall(yard, backend, Workplaces(keeper=keeper, database=yard.database, clock=clock))
        await made.open()
        yield made
        await made.workplaces.close()


async def test_what_starts_in_the_place_of_one_that_is_lost_is_not_taken_for_it(hall: Hall) -> None:
    """It has none of the files, and so whatever would be made there is not what was asked for."""
    workplace = await hall.claim("main")
    hall.backend.lose(workplace.run_id)

    def again() -> bool:
        running = workplace.keeper.running(workplace.id)
        return running is not None and running.id != workplace.run_id

    await eventually(again)
    with pytest.raises(Unavailable):
        await hall.run(workplace)
    with pytest.raises(Lost, match="Its node does not answer any more"):
        await workplace.ended_because()
    await hall.workplaces.end(workplace)
    assert await hall.left() == set()


async def test_of_a_project_the_newest_that_failed_runs_on_where_files_end_with_their_run(hall: Hall) -> None:
    first, second, ended = [await hall.claim(name) for name in ("one", "two", "three")]
    await hall.workplaces.keep(first)
    assert await hall.left() >= {first.run_id, second.run_id}
    await hall.workplaces.keep(second)
    assert await hall.left() == {second.run_id, ended.run_id}
    # Of one that has ended there is nothing to be kept.
    hall.backend.end(ended.run_id)
    assert await ended.ended_because() == "The bridge ended with code 1."
    await hall.workplaces.keep(ended)
    assert await hall.left() == {second.run_id}
    assert (await hall.workplaces.clear(dry=False)).count == 0
    hall.yard.clock.advance(3601)
    assert (await hall.workplaces.clear(dry=False)).count == 1
    assert await hall.left() == set()
