"""Pausing a sandbox of the process backend: it can be ended all the same, whatever becomes of its supervisor."""

import os
import signal
from pathlib import Path

from firefly.sandbox.process import ProcessBackend
from firefly.settings import Settings
from tests.sandbox.conftest import Start, processes, supervisor, way_out
from tests.support.waiting import eventually


async def test_a_frozen_sandbox_ends_with_its_supervisor(
    start: Start, backend: ProcessBackend, settings: Settings
) -> None:
    sandbox = await start()
    marker = f"77{os.getpid()}.5"
    await sandbox.run(f"(setsid sleep {marker} >/dev/null 2>&1 &)")
    await eventually(lambda: processes(marker))
    network = way_out(settings, sandbox.instance.id)
    await backend.freeze(sandbox.instance.id)
    os.kill(supervisor(settings, sandbox.instance.id), signal.SIGKILL)
    await backend.wait(sandbox.instance.id)
    await eventually(lambda: not processes(marker))
    await eventually(lambda: not Path(f"/proc/{network}").exists())


async def test_what_makes_the_network_rests_while_a_sandbox_is_frozen(
    start: Start, backend: ProcessBackend, settings: Settings
) -> None:
    sandbox = await start()
    network = Path(f"/proc/{way_out(settings, sandbox.instance.id)}/status")
    await backend.freeze(sandbox.instance.id)
    assert await eventually(lambda: "T (stopped)" in network.read_text())
    await backend.thaw(sandbox.instance.id)
    assert await eventually(lambda: "T (stopped)" not in network.read_text())
    await backend.freeze(sandbox.instance.id)
    await backend.stop(sandbox.instance.id, reason="enough")
    assert await eventually(lambda: not network.exists())
