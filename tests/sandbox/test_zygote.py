"""Bridges that are forked: what theirs and other processes can reach of whom they come from. As root and as a user."""

import asyncio
import contextlib
import os
import signal
from ast import literal_eval as literal
from pathlib import Path

import pytest

from firefly.errors import Unavailable
from firefly.sandbox import forking, landlock
from firefly.sandbox.backend import ExitStatus
from firefly.sandbox.detection import Machine
from firefly.sandbox.payload import HOLDER
from firefly.sandbox.process import ProcessBackend
from firefly.sandbox.processes import children, descendants
from firefly.settings import Settings
from tests.sandbox.conftest import Inside, Start, ask, spec, supervisor
from tests.support.waiting import eventually

# A process that is not dumpable may not look at itself by /proc either, until it takes that back.
LOOKING_AT_ITSELF = "import ctypes; ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)\n"


def bridge(settings: Settings, sandbox: Inside) -> int:
    """The process id of a forked bridge: the one child of the supervisor's that is in the sandbox."""
    own = supervisor(settings, sandbox.instance.id)
    inside = [pid for pid in children(own) if _level(pid) == 2]
    assert len(inside) == 1
    return inside[0]


def _level(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(len(line.split()) - 1 for line in status.splitlines() if line.startswith("NSpid:"))


def _spaces_of_holder(own: int) -> dict[str, str]:
    """The namespaces of what bubblewrap runs below a supervisor."""
    (holder,) = [p for p in descendants(own) if Path(f"/proc/{p}/cmdline").read_bytes() == f"{HOLDER}\0".encode()]
    return {path.name: str(path.readlink()) for path in Path(f"/proc/{holder}/ns").iterdir()}


async def test_what_is_forked_is_where_what_is_executed_inside_is(start: Start, settings: Settings) -> None:
    """The same namespaces as those of the process that bubblewrap runs, and a session of its own."""
    sandbox = await start()
    found = await sandbox.within(
        LOOKING_AT_ITSELF + "import os\n"
        "print({name: os.readlink(f'/proc/self/ns/{name}') for name in os.listdir('/proc/self/ns')})\n"
        "print((os.getsid(0) == os.getpid(), os.getcwd(), os.getuid(), os.getgid()))\n"
    )
    own, told = found.stdout.splitlines()
    assert literal(own) == _spaces_of_holder(supervisor(settings, sandbox.instance.id))
    assert literal(told) == (True, "/workspace", 1000, 1000)


async def test_what_is_forked_has_given_up_everything(start: Start) -> None:
    sandbox = await start()
    found = await sandbox.within("print(open('/proc/self/status').read())")
    fields = dict(line.split(":\t", 1) for line in found.stdout.splitlines() if ":\t" in line)
    assert {fields[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb", "CapInh")} == {"0" * 16}
    assert (fields["NoNewPrivs"], fields["Seccomp"], set(fields["Uid"].split())) == ("1", "2", {"1000"})
    if os.getuid() == 0:
        assert fields["Groups"].split() == ["1000"] or not fields["Groups"].strip()


async def test_what_is_forked_holds_nothing_of_its_ancestors(start: Start, settings: Settings) -> None:
    """Its descriptors are its own; in its memory is neither another sandbox nor the server."""
    os.environ["FIREFLY_TREASURE"] = "the-treasure-of-the-server"
    try:
        other = await start(environment={"TREASURE": "the-treasure-of-another"})
        sandbox = await start(environment={"TREASURE": "the-treasure-of-its-own"})
    finally:
        del os.environ["FIREFLY_TREASURE"]
    assert (await other.run("echo $TREASURE")).stdout == "the-treasure-of-another\n"
    found = await sandbox.within(
        LOOKING_AT_ITSELF
        + """
import os, re
word = b"the-treasure" + b"-of-"
found = set()
with open("/proc/self/mem", "rb", 0) as memory:
    for line in open("/proc/self/maps"):
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        if line.split()[1][0] == "r" and "[v" not in line:
            memory.seek(start)
            found |= set(re.findall(word + rb"(?:its-own|another|the-server|the-other)", memory.read(end - start)))
folder = os.open("/proc/self/fd", os.O_RDONLY)
held = [number for number in map(int, os.listdir(folder)) if number > 2 and os.path.lexists(f"/proc/self/fd/{number}")]
links = [os.readlink(f"/proc/self/fd/{number}") for number in held if number != folder]
print((sorted(found), sorted({link.partition(":")[0] for link in links}), len(held)))
"""
    )
    assert found.stdout, found
    memory, kinds, held = literal(found.stdout)
    assert memory == [b"the-treasure-of-its-own"], found
    assert kinds == ["socket"]
    assert held <= 5


async def test_others_inside_cannot_look_into_what_is_forked(start: Start) -> None:
    sandbox = await start()
    pid = int((await sandbox.within("import os; print(os.getpid())")).stdout)
    found = await sandbox.python(
        f"for name in ('mem', 'environ', 'maps', 'exe', 'fd/3', 'cwd/x'):\n"
        "    try:\n"
        f"        open('/proc/{pid}/' + name, 'rb').read(1)\n"
        "        print(name, 'READ')\n"
        "    except PermissionError:\n"
        "        print(name, 'refused')\n"
    )
    assert found.stdout.split()[1::2] == ["refused"] * 6, found


@pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
async def test_what_leads_out_of_the_sandbox_cannot_be_written(start: Start, settings: Settings) -> None:
    """The program that was executed outside, and whatever a mount would leave open."""
    sandbox = await start()
    found = await sandbox.within(
        "import errno\n"
        "for path in ('/proc/self/exe', '/usr/x', '/x'):\n"
        "    try:\n"
        "        open(path, 'ab')\n"
        "    except OSError as error:\n"
        "        print(path, errno.errorcode[error.errno])\n"
    )
    assert found.stdout.split("\n")[0] == "/proc/self/exe EACCES", found
    assert len(found.stdout.split()) == 6
    moved = await sandbox.run("mkdir a b; echo x > a/x; mv a/x b/x; cp b/x /tmp/x; echo y > /dev/stdout; cat b/x")
    assert moved.stdout == "y\nx\n", moved


async def test_sandboxes_outlive_the_zygote_and_others_start_without(
    start: Start, backend: ProcessBackend, settings: Settings
) -> None:
    sandbox = await start()
    zygotes = backend._forking
    assert zygotes is not None
    zygote = zygotes.pid
    assert zygote is not None
    os.kill(zygote, signal.SIGKILL)
    await eventually(lambda: zygotes.pid is None)
    assert (await sandbox.run("echo fine")).stdout == "fine\n"
    executed = await start()
    assert (await executed.run("echo fine")).stdout == "fine\n"
    assert [_level(pid) for pid in children(supervisor(settings, executed.instance.id))].count(2) == 0
    status = await _end(sandbox, settings)
    assert (status.code, status.requested) == (-signal.SIGKILL, False)


async def test_a_zygote_that_does_not_answer_is_done_without(
    start: Start, backend: ProcessBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start()
    monkeypatch.setattr(forking, "ANSWER_LIMIT", 0.2)
    assert backend._forking is not None
    assert backend._forking.pid is not None
    os.kill(backend._forking.pid, signal.SIGSTOP)
    assert (await (await start()).run("echo fine")).stdout == "fine\n"
    assert backend._forking.pid is None


async def _end(sandbox: Inside, settings: Settings) -> ExitStatus:
    os.kill(bridge(settings, sandbox), signal.SIGKILL)
    async with asyncio.timeout(30):
        return await sandbox.backend.wait(sandbox.instance.id)


@pytest.mark.skipif(os.getuid() != 0, reason="others may not look at a process that is not dumpable")
async def test_an_idle_sandbox_needs_little_memory_of_its_own(settings: Settings, machine: Machine) -> None:
    """The real bridge with its supervisor, bubblewrap and slirp4netns; executed they need 40 MB."""
    backend = ProcessBackend(settings, machine=machine)
    await backend.open()
    made = spec(8)
    sandbox = Inside(backend, made, await backend.create(made))
    assert (await sandbox.run("cat /opt/firefly/package/firefly/bridge/__main__.py")).code == 0
    own = supervisor(settings, sandbox.instance.id)
    assert sum(map(_private, [own, *descendants(own)])) < 14 << 20
    await backend.stop(sandbox.instance.id, reason="enough")
    await backend.close()


def _private(pid: int) -> int:
    """Bytes of memory that no other process shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith(("Private_Clean:", "Private_Dirty:")))


async def test_the_exit_code_of_what_is_forked_is_known(settings: Settings, backend: ProcessBackend) -> None:
    made = spec(7)
    sandbox = Inside(backend, made, await backend.create(made))
    # Not before it has answered.
    wait = "while not os.path.exists('/tmp/go'): time.sleep(0.01)"
    ends = f"import os, time\ndef end():\n    {wait}\n    os._exit(7)\n"
    await sandbox.within(f"import threading\n{ends}threading.Thread(target=end, daemon=True).start()")
    with contextlib.suppress(Unavailable):
        await sandbox.run("touch /tmp/go")
    async with asyncio.timeout(30):
        status = await backend.wait(sandbox.instance.id)
    assert (status.code, status.reason) == (7, "The bridge ended with code 7.")


async def test_a_zygote_ends_with_its_server(settings: Settings, backend: ProcessBackend, start: Start) -> None:
    sandbox = await start()
    assert backend._forking is not None
    zygote = backend._forking.pid
    assert zygote is not None
    await backend.close()
    with pytest.raises(ProcessLookupError):
        os.kill(zygote, 0)
    assert "pid" in await ask(settings.run_dir / "sandboxes" / sandbox.instance.id / "bridge.sock")
    await backend.open()
    await backend.adopt()
