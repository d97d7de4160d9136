"""Many sandboxes on one machine: the server's death among a hundred, then what three hundred idle ones take."""

import asyncio
import contextlib
import os
import signal
import statistics
import time
from collections.abc import AsyncIterator, Sequence

from firefly.settings import Settings
from tests.support.previews import ask

from ..harness import Process, Row, limited
from .house import LIMIT, House, Project, serving, timed

RUNNING, IDLE = 100, 300
AT_ONCE = 4
# Seconds that they are left alone, and over which the processor's time is taken.
REST, WATCHED = 15.0, 10.0
MIB = 1 << 20


def rows() -> list[Row]:
    return asyncio.run(_measure())


async def _measure() -> list[Row]:
    async with serving(connections=IDLE, FIREFLY_PREPARED_SANDBOXES="0") as house, _ended(house):
        projects = await _create(house, range(RUNNING))
        # Each is saved for the first time some seconds later; that is no part of what a start takes.
        await asyncio.sleep(REST)
        adopted = await _survive(house, projects)
        projects += await _create(house, range(RUNNING, IDLE))
        await asyncio.sleep(REST)
        awake = await timed(_all_answer(projects))
        sandboxes = [Process(pid) for pid in _supervisors(house)]
        each = statistics.mean(one.private_bytes() for one in sandboxes)
        await asyncio.gather(*(project.turn("freeze") for project in projects))
        before = _cpu(sandboxes)
        await asyncio.sleep(WATCHED)
        used = _cpu(sandboxes) - before
        thawed = await timed(_all_answer(projects))
    return [
        limited(f"killed and restarted with {RUNNING} running: all previews answer", adopted, "s", at_most=3),
        limited(f"{IDLE} idle sandboxes asked at once: all have answered", awake / 1e3, "s", at_most=1),
        limited(f"{IDLE} idle sandboxes: memory of each that is its own", each / MIB, "MB", at_most=12),
        limited(f"{IDLE} frozen sandboxes: processor time in {WATCHED:g} s", used, "s", at_most=0),
        limited(f"{IDLE} frozen sandboxes asked at once: all have answered", thawed / 1e3, "s"),
    ]


async def _create(house: House, numbers: range) -> list[Project]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def create(number: int) -> Project:
        async with turns:
            project = await house.create(f"many-{number}x", "static")
            await project.shown()
        return project

    return list(await asyncio.gather(*map(create, numbers)))


async def _survive(house: House, projects: Sequence[Project]) -> float:
    """Seconds from the start of the next server to the last preview's answer. Raises where a sandbox was lost."""
    before = _supervisors(house)
    house.server.kill()
    began = time.perf_counter()
    await asyncio.to_thread(house.server.start)
    await _all_answer(projects)
    took = time.perf_counter() - began
    if lost := before - _supervisors(house):
        raise RuntimeError(f"{len(lost)} sandboxes were lost.")
    return took


async def _all_answer(projects: Sequence[Project]) -> None:
    """Ask all at once, each once."""
    async with asyncio.timeout(LIMIT):
        answers = await asyncio.gather(
            *(ask(project.house.client, project.preview, project.house.server.token) for project in projects)
        )
    if failed := [answer.status for answer in answers if answer.status != 200]:
        raise RuntimeError(f"{len(failed)} previews do not answer, the first with {failed[0]}.")


def _supervisors(house: House) -> set[int]:
    folder = Settings(data_dir=house.server.folder / "data").run_dir / "sandboxes"
    return {int(path.read_text()) for path in folder.glob("*/pid")}


def _cpu(sandboxes: Sequence[Process]) -> float:
    return sum(one.cpu_seconds() for one in sandboxes)


@contextlib.asynccontextmanager
async def _ended(house: House) -> AsyncIterator[None]:
    """End all sandboxes after the block, as nobody asks for them any more."""
    try:
        yield
    finally:
        for pid in _supervisors(house):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
