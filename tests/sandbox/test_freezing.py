"""Pausing a sandbox: nothing in it goes on until it is woken, whoever asks, and it can be ended all the same."""

import os
import signal
from collections.abc import Callable
from functools import partial

import pytest

from firefly.errors import Unavailable
from firefly.sandbox.process import ProcessBackend
from firefly.settings import Settings
from tests.sandbox.conftest import Inside, Start, processes, supervisor
from tests.support.waiting import eventually

# How far it is, in a file, a hundred times a second.
TICKING = """
import pathlib, threading
for number in range(100_000):
    pathlib.Path('tick').write_text(str(number))
    threading.Event().wait(0.01)
"""


async def ticks(sandbox: Inside, settings: Settings) -> Callable[[], str]:
    """Something that goes on inside, and how far it is, seen from outside without asking it."""
    await sandbox.run(f'(setsid python3 -c "{TICKING}" >/dev/null 2>&1 &)')
    file = settings.data_dir / "workspaces" / str(sandbox.spec.workspace_id) / "tree" / "tick"
    await eventually(file.exists)
    return file.read_text


def _differs(read: Callable[[], str], before: str) -> bool:
    return read() not in ("", before)


async def test_what_is_frozen_stands_still_and_goes_on_from_there(
    start: Start, backend: ProcessBackend, settings: Settings
) -> None:
    sandbox = await start()
    if not backend.capabilities().freezes:
        pytest.skip("this machine has no freezer")
    read = await ticks(sandbox, settings)
    for _ in range(3):
        await backend.freeze(sandbox.instance.id)
        await backend.freeze(sandbox.instance.id)
        stood, used = read(), (await backend.stats(sandbox.instance.id)).cpu_seconds
        assert backend.frozen(sandbox.instance.id)
        # Another start takes long enough for it to show if the first went on.
        await start()
        assert (read(), (await backend.stats(sandbox.instance.id)).cpu_seconds) == (stood, used)
        await backend.thaw(sandbox.instance.id)
        assert not backend.frozen(sandbox.instance.id)
        await eventually(partial(_differs, read, stood))
    assert (await sandbox.run("echo awake")).stdout == "awake\n"


async def test_what_is_frozen_can_be_stopped(start: Start, backend: ProcessBackend, settings: Settings) -> None:
    sandbox = await start()
    await ticks(sandbox, settings)
    await backend.freeze(sandbox.instance.id)
    await backend.stop(sandbox.instance.id, reason="Asked.")
    status = await backend.wait(sandbox.instance.id)
    assert (status.requested, status.reason) == (True, "Asked.")
    assert not backend.frozen(sandbox.instance.id)
    with pytest.raises(Unavailable):
        await backend.thaw(sandbox.instance.id)


async def test_another_server_adopts_what_is_frozen(start: Start, backend: ProcessBackend, settings: Settings) -> None:
    sandbox = await start()
    if not backend.capabilities().freezes:
        pytest.skip("this machine has no freezer")
    await backend.freeze(sandbox.instance.id)
    await backend.close()
    await backend.adopt()
    assert backend.frozen(sandbox.instance.id)
    await backend.thaw(sandbox.instance.id)
    assert (await sandbox.run("echo awake")).stdout == "awake\n"


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
