"""The process backend, with real sandboxes: start, reach, adopt, stop, and what goes wrong."""

import asyncio
import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from firefly.errors import SandboxFailed, Unavailable
from firefly.sandbox.backend import Capabilities, Lack, SandboxSpec
from firefly.sandbox.detection import Machine
from firefly.sandbox.process import ProcessBackend
from firefly.settings import Settings
from tests.sandbox.conftest import COMMAND, Inside, Start, ask, processes, spec, supervisor, way_out
from tests.support.waiting import eventually


async def test_the_bridge_finds_its_workspace_and_the_runtimes(start: Start) -> None:
    sandbox = await start()
    found = await sandbox.run('pwd; echo "$FIREFLY_WORKSPACE $FIREFLY_WORKSPACE_ID $HOME"; id -un; ls -A "$HOME"')
    assert found.stdout.splitlines()[:3] == [
        "/workspace",
        f"/workspace {sandbox.spec.workspace_id} /home/firefly",
        "firefly",
    ]
    for program in ("python3 --version", "git --version", "node --version", "npm --version"):
        assert (await sandbox.run(program)).code == 0, program
    made = await sandbox.run("python3 -m venv --without-pip .venv && .venv/bin/python -c 'print(6 * 7)'")
    assert made.stdout == "42\n"


async def test_a_bridge_that_does_not_start_fails_with_its_output(settings: Settings, machine: Machine) -> None:
    command = (COMMAND[0], "-c", "import sys; sys.exit('no such module')")
    backend = ProcessBackend(settings, machine=machine, bridge=command)
    await backend.open()
    with pytest.raises(SandboxFailed, match="ended with code 1") as failure:
        await backend.create(spec())
    assert "no such module" in failure.value.output
    assert list(await backend.list()) == []
    await backend.close()
    assert list((settings.run_dir / "sandboxes").iterdir()) == []


async def test_a_start_that_is_given_up_leaves_nothing(settings: Settings, machine: Machine) -> None:
    marker = f"87{os.getpid()}"
    command = (COMMAND[0], "-c", f"import time; time.sleep({marker})")
    backend = ProcessBackend(settings, machine=machine, bridge=command)
    await backend.open()
    start = asyncio.create_task(backend.create(spec()))
    await eventually(lambda: processes(marker))
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    await eventually(lambda: not processes(marker))
    assert list(await backend.list()) == []
    await backend.close()


async def test_a_sandbox_ends_with_its_supervisor(start: Start, backend: ProcessBackend, settings: Settings) -> None:
    sandbox = await start()
    marker = f"88{os.getpid()}"
    await sandbox.run(f"(python3 -c 'import time; time.sleep({marker})' >/dev/null 2>&1 &); true")
    await eventually(lambda: processes(marker))
    os.kill(supervisor(settings, sandbox.instance.id), signal.SIGKILL)
    async with asyncio.timeout(30):
        status = await backend.wait(sandbox.instance.id)
    assert status.reason == "The sandbox's supervisor was killed."
    await eventually(lambda: not processes(marker))
    await eventually(lambda: not processes(sandbox.instance.id))


async def test_what_has_ended_leaves_its_output_and_no_folder(
    start: Start, backend: ProcessBackend, settings: Settings, machine: Machine
) -> None:
    crashed, lost = await start(), await start()
    folder = settings.run_dir / "sandboxes"
    bridge = (await ask(backend.bridge_path(crashed.instance.id)))["pid"]
    await crashed.run(f"(sleep 0.1; kill -9 {bridge}) >/dev/null 2>&1 & true")
    status = await backend.wait(crashed.instance.id)
    assert "was killed" in status.reason
    assert "stand-in ready" in status.output
    assert "stand-in ready" in await backend.logs(crashed.instance.id)
    await eventually(lambda: [one.name for one in folder.iterdir()] == [lost.instance.id])
    await backend.close()
    os.kill(supervisor(settings, lost.instance.id), signal.SIGKILL)
    later = ProcessBackend(settings, machine=machine, bridge=COMMAND)
    await later.open()
    assert list(await later.adopt()) == []
    assert (await later.wait(lost.instance.id)).reason == "The sandbox's supervisor was killed."
    assert list(folder.iterdir()) == []
    await later.close()


async def test_without_isolation_only_trusted_sandboxes_run(settings: Settings) -> None:
    lacks = (Lack("bubblewrap", "nothing is kept apart", "apt install bubblewrap"),)
    machine = Machine("", "", {}, Capabilities(isolated=False, lacks=lacks, limits="rlimit"))
    backend = ProcessBackend(settings, machine=machine, bridge=COMMAND)
    await backend.open()
    assert backend.capabilities().lacks == lacks
    with pytest.raises(SandboxFailed, match="only administrators' projects run"):
        await backend.create(spec())
    await backend.close()


async def test_where_there_are_no_control_groups_processes_are_limited(settings: Settings, machine: Machine) -> None:
    """RLIMIT_DATA and a watchdog in place of the groups: a hog, alone or as several processes, is ended."""
    without = Machine(machine.bubblewrap, machine.slirp, {}, Capabilities(True, (), "rlimit"))
    backend = ProcessBackend(settings, machine=without, bridge=COMMAND)
    await backend.open()
    made = spec(9)
    sandbox = Inside(backend, made, await backend.create(made))
    alone = await sandbox.python("x = bytearray(2 << 30)\nprint('had it all')")
    assert "MemoryError" in alone.stderr
    assert (await sandbox.run("ulimit -u; echo fine")).stdout.split()[-1] == "fine"
    await backend.stop(sandbox.instance.id, reason="enough")
    await backend.close()


async def test_a_lost_way_out_is_opened_again(start: Start, backend: ProcessBackend, settings: Settings) -> None:
    """slirp4netns is killed; its device comes back, and what was refused stays refused."""
    sandbox = await start()
    old = way_out(settings, sandbox.instance.id)
    os.kill(old, signal.SIGKILL)

    async def is_back() -> bool:
        devices = (await sandbox.run("cat /proc/net/dev")).stdout
        return "tap0" in devices and way_out(settings, sandbox.instance.id) not in (0, old)

    await eventually(is_back)
    probe = await sandbox.python(
        "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); print(s.connect_ex(('10.9.8.7', 9)));"
        "print(s.connect_ex(('203.0.113.1', 9)))"
    )
    assert probe.stdout.split() == ["113", "0"]
    assert "opened again" in await backend.logs(sandbox.instance.id)


async def test_without_isolation_trusted_sandboxes_run_on_the_machines_loopback(settings: Settings) -> None:
    machine = Machine("", "", {}, Capabilities(isolated=False, lacks=(), limits="rlimit"))
    backend = ProcessBackend(settings, machine=machine, bridge=COMMAND)
    await backend.open()
    made = spec(trusted=True)
    sandbox = Inside(backend, made, await backend.create(made))
    assert (await sandbox.run('pwd; echo "$HOME"')).stdout.split() == [
        str(settings.data_dir / "workspaces" / str(made.workspace_id) / name) for name in ("tree", "home")
    ]
    marker = f"89{os.getpid()}"
    await sandbox.run(f"(setsid python3 -c 'import time; time.sleep({marker})' >/dev/null 2>&1 &); true")
    await eventually(lambda: processes(marker))
    port = int((await sandbox.run('echo "$FIREFLY_APPLICATION_PORT"')).stdout)
    with socket.create_server(("127.0.0.1", port)), socket.create_server(("127.0.0.1", 0)) as other:
        (await backend.connect(sandbox.instance.id, port)).close()
        with pytest.raises(Unavailable, match="own port"):
            await backend.connect(sandbox.instance.id, other.getsockname()[1])
    await backend.stop(sandbox.instance.id, reason="enough")
    assert (await backend.wait(sandbox.instance.id)).requested
    await eventually(lambda: not processes(marker))
    await backend.close()


@pytest.mark.once
@pytest.mark.network
@pytest.mark.timeout(180)
async def test_the_way_out_reaches_the_internet(start: Start) -> None:
    """Names are resolved and certificates checked as on the machine itself."""
    sandbox = await start()
    fetch = "import urllib.request; print(urllib.request.urlopen('https://pypi.org/simple/six/', timeout=60).status)"
    found = await sandbox.run(f'python3 -c "{fetch}"')
    assert found.stdout == "200\n", found.stderr


async def test_a_start_that_is_cancelled_while_it_is_planned_leaves_nothing(
    backend: ProcessBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, gate, over = threading.Event(), threading.Event(), threading.Event()
    plan = backend._layout.plan

    def slowly(wanted: SandboxSpec, folder: Path) -> None:
        begun.set()
        gate.wait(30)
        plan(wanted, folder)
        over.set()

    monkeypatch.setattr(backend._layout, "plan", slowly)
    starting = asyncio.create_task(backend.create(spec()))
    await asyncio.to_thread(begun.wait, 30)
    starting.cancel()
    await asyncio.sleep(0)
    gate.set()
    await asyncio.wait([starting])
    assert starting.cancelled()
    assert await asyncio.to_thread(over.wait, 30)
    assert list(backend._folder.iterdir()) == []
