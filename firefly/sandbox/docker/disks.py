"""What the workspaces of running containers take up on this machine's disk, and the end of those with too much.

An engine bounds what a container writes to its own layer, which is nothing here, but no folder of the machine's.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from firefly.errors import FireflyError
from firefly.resources import PACKAGE
from firefly.sandbox import processes
from firefly.sandbox.disk import Usage, read_report
from firefly.sandbox.growth import Growth
from firefly.waiting import happens

from .runs import Run

log = structlog.get_logger()

# So many are measured at one time, each by a process of low priority.
AT_ONCE = 2
NOTE = "excess.json"
_MEASURE = "import sys; sys.path.insert(0, sys.argv[1]); from firefly.sandbox.disk import main; main(*sys.argv[2:])"

Full = Callable[[Run, str], Awaitable[None]]


class Disks:
    """`full` is called with a sentence for a run whose workspace has too much. `folder` holds the workspaces."""

    def __init__(self, folder: Path, full: Full) -> None:
        self._folder = folder
        self._full = full
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def watch(self, run: Run) -> None:
        """Until it has ended."""
        task = asyncio.create_task(self._watch(run), name=f"docker-disk-{run.instance.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self, run: Run) -> None:
        try:
            await self._look_after(run)
        except OSError as error:
            # Its workspace may be deleted as soon as it has ended.
            log.warning("docker.disk_not_watched", instance=run.instance.id, reason=str(error))

    async def _look_after(self, run: Run) -> None:
        workspace = self._folder / str(run.instance.workspace_id)
        folders = [workspace / "tree", workspace / "home"]
        growth = await asyncio.to_thread(
            lambda: Growth(folders[0], run.most, note=workspace / NOTE, spent=lambda: _spent(run.pid))
        )
        while not await happens(run.finished, growth.pause):
            if run.frozen or not await asyncio.to_thread(growth.due):
                continue
            async with self._turns:
                await asyncio.to_thread(growth.begin)
                report = await _measure(folders, growth.counted)
            if report is not None and (said := await asyncio.to_thread(growth.take, *report)):
                log.info("docker.disk_full", instance=run.instance.id, reason=said)
                try:
                    await self._full(run, said)
                except FireflyError as error:
                    log.warning("docker.disk_full_kept", instance=run.instance.id, reason=error.detail)


def _spent(pid: int) -> float:
    return processes.spent([pid, *processes.descendants(pid)])


async def _measure(folders: list[Path], files: int) -> tuple[Usage, float] | None:
    """What lies in them, and the seconds of processor time that measuring took. None: it came to nothing."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-c", _MEASURE, str(PACKAGE.parent), str(files), *map(str, folders)),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        output, _ = await process.communicate()
        return read_report(output)
    except ValueError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
