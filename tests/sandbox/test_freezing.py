"""Pausing a sandbox of the process backend: it can be ended all the same, whatever becomes of its supervisor."""

import os
import signal

from firefly.sandbox.process import ProcessBackend
from firefly.settings import Settings
from tests.sandbox.conftest import Start, processes, supervisor
from tests.support.waiting import eventually


async def test_a_frozen_sandbox_ends_with_its_supervisor(
    start: Start, backend: ProcessBackend, settings: Settings
) -> None:
    sandbox = await start()
    marker = f"77{os.getpid()}.5"
    await sandbox.run(f"(setsid sleep {marker} >/dev/null 2>&1 &)")
    assert processes(marker)
    await backend.freeze(sandbox.instance.id)
    os.kill(supervisor(settings, sandbox.instance.id), signal.SIGKILL)
    await backend.wait(sandbox.instance.id)
    await eventually(lambda: not processes(marker))
