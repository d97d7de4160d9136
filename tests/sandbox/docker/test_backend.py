"""What the docker backend promises beside the conformance suite: no privilege, causes, adoption, a dying engine."""

import asyncio
import contextlib
import json
import signal
import socket
import time
from pathlib import Path

import pytest

from firefly.errors import SandboxFailed, Unavailable
from firefly.sandbox.backend import Limits
from firefly.sandbox.dialing import JoiningSource
from firefly.sandbox.docker import runs
from firefly.sandbox.docker.backend import DockerBackend
from firefly.sandbox.docker.building import base_name
from firefly.sandbox.docker.companions import COMPANION
from firefly.sandbox.docker.debian import own_suite
from firefly.sandbox.docker.runs import _joined
from firefly.settings import Settings
from firefly.testing.subnets import MemorySubnets
from tests.sandbox.backends import Ground
from tests.sandbox.docker.conftest import STANDIN
from tests.sandbox.test_conformance import greeting
from tests.support.engine import Engine, needs_engine
from tests.support.shown import Shown
from tests.support.waiting import eventually

pytestmark = needs_engine

LOOK_ROUND = """
import json, os, subprocess
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
def writable(path):
    try:
        open(path + "/probe", "w").close()
        return True
    except OSError:
        return False
places = ("/", "/etc", "/usr", "/opt/firefly", "/run/firefly/gateway")
places += ("/workspace", "/home/firefly", "/tmp", "/dev/shm")
print(json.dumps({
    "capabilities": [status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")],
    "no_new_privileges": status["NoNewPrivs"], "seccomp": status["Seccomp"], "uid": os.getuid(),
    "user": subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip(), "home": os.environ["HOME"],
    "writable": [place for place in places if writable(place)],
    "sockets": [place for place in ("/run/docker.sock", "/var/run/docker.sock") if os.path.exists(place)],
    "first": open("/proc/1/comm").read().strip(), "processes": len([n for n in os.listdir("/proc") if n.isdigit()]),
    "secret": json.load(open("/run/firefly/handed.json"))["environment"]["SECRET"],
}))
"""


async def test_a_sandbox_has_no_privilege_and_writes_only_its_own(ground: Ground, shown: Shown) -> None:
    limits = Limits(memory=256 << 20, cpu=0.5, pids=100)
    sandbox = await ground.start(limits=limits, environment={"SECRET": "never shown"})
    found = json.loads((await sandbox.python(LOOK_ROUND)).stdout)
    assert set(found["capabilities"]) == {"0000000000000000"}
    assert (found["no_new_privileges"], found["seccomp"]) == ("1", "2")
    assert (found["uid"], found["user"], found["home"]) == (sandbox.spec.uid, "firefly", "/home/firefly")
    assert found["writable"] == ["/workspace", "/home/firefly", "/tmp", "/dev/shm"]
    assert found["sockets"] == []
    assert found["first"] == "docker-init"
    assert found["processes"] < 12
    assert found["secret"] == "never shown"
    inspected = await shown.container(sandbox.instance.id)
    assert "never shown" not in json.dumps(inspected)
    host = inspected["HostConfig"]
    assert host["Memory"] == host["MemorySwap"] == limits.memory
    assert (host["NanoCpus"], host["PidsLimit"], host["Privileged"]) == (500_000_000, 100, False)


async def test_an_end_is_told_with_its_cause_and_leaves_nothing(
    settings: Settings, subnets: MemorySubnets, shown: Shown
) -> None:
    """Killed by a signal, by the kernel for its memory, and stopped while it is frozen."""
    ground = Ground(lambda _: DockerBackend(settings, subnets, command=STANDIN))
    backend = ground.backend
    await backend.open()
    crashing, greedy, sleepy = [await ground.start(limits=Limits(memory=96 << 20)) for _ in range(3)]
    # The answer to what ends who answers never comes.
    dying = [
        asyncio.create_task(crashing.within("import os; os.kill(os.getpid(), 11)")),
        asyncio.create_task(greedy.within("held = []\nwhile True: held.append(b'x' * (1 << 20))")),
    ]
    # A process inside that is too large ends alone, and is counted.
    await sleepy.python("held = []\nwhile True: held.append(b'x' * (1 << 20))")

    async def counted() -> bool:
        return (await backend.stats(sleepy.instance.id)).oom_kills > 0

    await eventually(counted)
    await backend.freeze(sleepy.instance.id)
    await backend.stop(sleepy.instance.id, reason="Nobody needs it.")
    async with asyncio.timeout(30):
        crashed, starved = await backend.wait(crashing.instance.id), await backend.wait(greedy.instance.id)
    stopped = await backend.wait(sleepy.instance.id)
    await asyncio.gather(*dying, return_exceptions=True)
    assert (crashed.code, crashed.requested) == (-signal.SIGSEGV, False)
    assert "signal 11" in crashed.reason
    assert "stand-in ready" in crashed.output
    assert (starved.reason.startswith("It ran out of memory: 96 MiB"), starved.code) == (True, -signal.SIGKILL)
    assert (stopped.reason, stopped.requested) == ("Nobody needs it.", True)
    await eventually(shown.nothing)
    await eventually(lambda: list((settings.run_dir / "containers").iterdir()) == [])
    assert await subnets.taken() == frozenset()
    await ground.clear()


async def test_a_start_that_fails_or_is_given_up_leaves_nothing(
    settings: Settings, subnets: MemorySubnets, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("/usr/bin/python3", "-c", "import sys; sys.exit('no such module')")
    failing = Ground(lambda _: DockerBackend(settings, subnets, command=command))
    await failing.backend.open()
    with monkeypatch.context() as patched:
        patched.setattr(runs, "_joined", _joined_late)
        with pytest.raises(SandboxFailed, match="ended with code 1") as failure:
            await failing.start()
    assert "no such module" in failure.value.output
    await failing.clear()
    command = ("/usr/bin/python3", "-c", "import time; time.sleep(300)")
    slow = Ground(lambda _: DockerBackend(settings, subnets, command=command))
    await slow.backend.open()
    starting = asyncio.create_task(slow.start())
    await eventually(shown.containers)
    starting.cancel()
    await asyncio.wait([starting])
    assert starting.cancelled()
    assert await slow.backend.list() == []
    assert await shown.nothing()
    assert await subnets.taken() == frozenset()
    await slow.clear()


async def test_the_next_server_clears_away_what_was_half_made(
    ground: Ground, settings: Settings, subnets: MemorySubnets, shown: Shown
) -> None:
    """And knows why those ended that were asked to, by the server before."""
    staying, ended, half = [await ground.start(limits=Limits(disk=32 << 20)) for _ in range(3)]
    folders = {one: ground.backend.bridge_path(one.instance.id).parent for one in (ended, half)}
    (folders[ended] / "reason.json").write_text('["Nobody needs it.", true]')
    (folders[half] / "ready").unlink()
    await subnets.take("0123456789ab")
    await ground.crash(ended, after=0.5)
    adopted = await ground.succeed()
    assert staying.instance in adopted
    assert half.instance not in adopted
    status = await ground.backend.wait(ended.instance.id)
    assert (status.requested, status.reason) == (True, "Nobody needs it.")

    async def alone() -> bool:
        folders = [path.name for path in (settings.run_dir / "containers").iterdir()]
        assert len(await shown.containers()) == len(await shown.networks()) == 1
        return folders == [staying.instance.id] and await subnets.taken() == {staying.instance.id}

    await eventually(alone)
    # What is adopted is still held to its limits.
    with contextlib.suppress(Unavailable):
        await staying.run("for n in 1 2 3 4; do head -c 20M /dev/zero > $n; done")
    assert "takes up more than 0.0312 GiB" in (await ground.backend.wait(staying.instance.id)).reason


async def test_an_engine_that_dies_is_survived(ground: Ground, engine: Engine, shown: Shown) -> None:
    """Sandboxes go on, with images beside them; what cannot be done says so, and what happened meanwhile is noticed."""
    backend = ground.backend
    staying, ending = await ground.start(image=base_name(own_suite())), await ground.start()
    await ground.detach(staying, 'exec firefly-image -c "while sleep 0.1; do :; done"')
    await eventually(lambda: _running(shown))
    beside = await _running(shown)
    await ground.serve(staying, "still here", port=3000)
    await ground.crash(ending, after=1)
    engine.end(signal.SIGKILL)
    try:
        assert await greeting(backend, staying, 3000) == b"still here"
        assert (await staying.run("echo too")).stdout == "too\n"
        with pytest.raises(Unavailable):
            await backend.freeze(staying.instance.id)
        with pytest.raises(SandboxFailed, match="engine does not answer"):
            await ground.start()
        await eventually(lambda: not _answers(backend.bridge_path(ending.instance.id)))
    finally:
        await asyncio.to_thread(engine.start)
    async with asyncio.timeout(30):
        status = await backend.wait(ending.instance.id)
    assert not status.requested
    assert [one.id for one in await backend.list()] == [staying.instance.id]
    await backend.freeze(staying.instance.id)
    await backend.thaw(staying.instance.id)
    assert await _running(shown) == beside
    assert (await staying.run("ps x | grep -c '[c]ompanion.py'")).stdout == "1\n"
    assert await greeting(backend, staying, 3000) == b"still here"
    assert (await (await ground.start()).run("echo new")).stdout == "new\n"


def _joined_late(pid: int, container: str) -> JoiningSource:
    """When nobody is there any more, and the engine may not have heard of it yet."""
    while Path(f"/proc/{pid}/exe").exists():
        time.sleep(0.001)
    return _joined(pid, container)


async def _running(shown: Shown) -> list[str]:
    """The ids of companions that run."""
    return [one["Id"] for one in await shown.client.containers([COMPANION]) if one["State"] == "running"]


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(path)) == 0
