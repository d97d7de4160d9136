"""What SandboxBackend promises, of every backend and of the twin: one suite, unchanged, wherever it runs."""

import asyncio
import contextlib
import os
import random
import socket
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from firefly.errors import Conflict, InvalidInput, TimedOut, Unavailable
from firefly.sandbox.backend import Limits, SandboxBackend
from firefly.sandbox.runs import answers
from tests.sandbox import backends
from tests.sandbox.backends import Backend, Ground
from tests.sandbox.conftest import Inside
from tests.support.waiting import eventually

# The longest time between two looks at the clock, kept in a file: how long it stood still.
STANDSTILL = """
import pathlib, time
longest, before = 0.0, time.monotonic()
while True:
    time.sleep(0.01)
    now = time.monotonic()
    if now - before > longest:
        longest = now - before
        pathlib.Path("new").write_text(str(longest))
        pathlib.Path("new").rename("longest")
    before = now
"""
PAUSE = 0.6


@pytest.fixture(params=backends.params())
async def ground(request: pytest.FixtureRequest) -> AsyncIterator[Ground]:
    backend: Backend = request.param
    async with backend.opening(request) as opened:
        yield opened


async def greeting(backend: SandboxBackend, sandbox: Inside, port: int) -> bytes:
    """What a port inside says to who connects from outside."""
    with await backend.connect(sandbox.instance.id, port) as connection:
        assert not connection.getblocking()
        return await asyncio.get_running_loop().sock_recv(connection, 100)


async def test_a_run_from_its_start_to_its_end(ground: Ground) -> None:
    backend = ground.backend
    sandbox = await ground.start()
    run = sandbox.instance.id
    assert sandbox.instance.workspace_id == sandbox.spec.workspace_id
    assert list(await backend.list()) == [sandbox.instance]
    assert await backend.ground() == await backend.ground() != ""
    async with asyncio.timeout(30):
        assert await answers(backend.bridge_path(run))
    assert backend.gateway_path(run).is_dir()
    assert await backend.exit_status(run) is None
    assert isinstance(await backend.logs(run), str)
    stats = await backend.stats(run)
    assert 1 << 20 < stats.memory < 200 << 20
    assert 0 <= stats.cpu_seconds < 10
    assert 1 <= stats.pids < 20

    waiting = asyncio.create_task(backend.wait(run))
    await backend.stop(run, reason="Nobody needs it.")
    status = await waiting
    assert (status.reason, status.requested) == ("Nobody needs it.", True)
    assert (await backend.wait(run), await backend.exit_status(run)) == (status, status)
    assert status.ended_at >= sandbox.instance.started_at
    assert isinstance(await backend.logs(run), str)
    assert list(await backend.list()) == []
    assert not backend.frozen(run)
    await backend.stop(run, reason="again")
    assert await backend.exit_status(run) == status


async def test_calls_of_what_does_not_run_are_unavailable_and_to_stop_it_is_no_error(ground: Ground) -> None:
    backend = ground.backend
    ended = await ground.start()
    await ground.crash(ended)
    status = await backend.wait(ended.instance.id)
    assert not status.requested
    assert status.code != 0
    assert status.reason
    for run in (ended.instance.id, "0123456789ab"):
        await backend.stop(run, reason="It is over.")
        assert not backend.frozen(run)
        for call in (backend.freeze, backend.thaw, backend.stats):
            with pytest.raises(Unavailable):
                await call(run)
        with pytest.raises(Unavailable):
            await backend.connect(run, 3000)
        with pytest.raises(Unavailable):
            await backend.exec(run, "true")
    assert await backend.exit_status("0123456789ab") is None
    with pytest.raises(Unavailable):
        await backend.wait("0123456789ab")


async def test_files_outlive_runs_and_go_with_their_workspace(ground: Ground) -> None:
    backend = ground.backend
    sandbox, other = await ground.start(), await ground.start()
    assert [one.id for one in await backend.list()] == [sandbox.instance.id, other.instance.id]
    await sandbox.run("mkdir -p a/b; echo kept > a/b/note; chmod 000 a/b; ln -s / away")
    with pytest.raises(Conflict):
        await backend.remove_workspace(sandbox.spec.workspace_id)
    await backend.stop(sandbox.instance.id, reason="enough")
    again = await ground.start(sandbox.spec)
    assert again.instance.id != sandbox.instance.id
    assert [one.id for one in await backend.list()] == [other.instance.id, again.instance.id]
    note = (await again.run("chmod 700 a/b; cat a/b/note; chmod 000 a/b")).stdout
    assert note == ("kept\n" if backend.capabilities().keeps_files else "")
    await backend.stop(again.instance.id, reason="enough")
    await backend.remove_workspace(sandbox.spec.workspace_id)
    afresh = await ground.start(sandbox.spec)
    assert (await afresh.run("ls")).stdout == ""
    assert (await other.run("echo untouched")).stdout == "untouched\n"
    await backend.remove_workspace(uuid4())


async def test_the_next_server_finds_what_runs_and_learns_of_what_has_ended(ground: Ground) -> None:
    running, frozen, ended = await ground.start(), await ground.start(), await ground.start()
    await running.run("echo here > note")
    await ground.serve(running, "still here", port=3000)
    await ground.backend.freeze(frozen.instance.id)
    # After this server is gone: of an end that it has seen it leaves nothing.
    await ground.crash(ended, after=1)

    adopted = await ground.succeed()
    backend = ground.backend
    assert [one for one in adopted if one.id != ended.instance.id] == [running.instance, frozen.instance]
    status = await backend.wait(ended.instance.id)
    assert not status.requested
    assert list(await backend.list()) == [running.instance, frozen.instance]
    assert backend.frozen(frozen.instance.id) is backend.capabilities().freezes
    await backend.thaw(frozen.instance.id)
    for sandbox, said in ((running, "here\n"), (frozen, "")):
        assert (await backend.exec(sandbox.instance.id, "cat note")).stdout == said
    assert await greeting(backend, running, 3000) == b"still here"
    await backend.stop(running.instance.id, reason="enough")
    assert (await backend.wait(running.instance.id)).requested
    await backend.stop(frozen.instance.id, reason="enough")


async def test_a_start_that_is_cancelled_leaves_nothing(ground: Ground) -> None:
    wanted, chance = ground.spec(), random.Random(4)
    for limit in (0.0, 0.01, chance.uniform(0.02, 0.1), chance.uniform(0.1, 0.3)):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                instance = await ground.backend.create(wanted)
                await ground.backend.stop(instance.id, reason="It was quick.")
        assert list(await ground.backend.list()) == []
    assert list(await ground.succeed()) == []
    sandbox = await ground.start(wanted)
    assert (await sandbox.run("echo fine")).stdout == "fine\n"


async def test_what_is_frozen_stands_still_and_goes_on_from_there(ground: Ground) -> None:
    backend = ground.backend
    sandbox = await ground.start()
    run, freezes = sandbox.instance.id, backend.capabilities().freezes
    if freezes and ground.real:
        await ground.leave(sandbox, STANDSTILL)
        await eventually(lambda: _longest(sandbox))
    began = time.monotonic()
    await backend.freeze(run)
    await backend.freeze(run)
    assert backend.frozen(run) is freezes
    if not freezes:
        assert (await sandbox.run("echo awake")).stdout == "awake\n"
        await backend.thaw(run)
        return
    used = (await backend.stats(run)).cpu_seconds
    with pytest.raises(Unavailable, match="frozen"):
        await sandbox.run("true")
    # Time has to pass in which something might have been done.
    await asyncio.sleep(PAUSE)
    assert (await backend.stats(run)).cpu_seconds == used
    stood = time.monotonic() - began
    for _ in range(2):
        await backend.thaw(run)
        assert not backend.frozen(run)
    if ground.real:
        await eventually(lambda: _stood_for(sandbox, stood / 2))
    assert (await sandbox.run("echo awake")).stdout == "awake\n"
    await backend.freeze(run)
    await backend.stop(run, reason="Asked.")
    status = await backend.wait(run)
    assert (status.reason, status.requested) == ("Asked.", True)


async def _longest(sandbox: Inside) -> float:
    return float((await sandbox.run("cat longest")).stdout or 0)


async def _stood_for(sandbox: Inside, seconds: float) -> bool:
    return await _longest(sandbox) >= seconds


@pytest.mark.once
async def test_ports_are_reached_on_both_loopbacks_each_sandbox_having_its_own(ground: Ground) -> None:
    backend = ground.backend
    first, second = await ground.start(), await ground.start()
    await ground.fall_silent(first, port=4000)
    silent = asyncio.create_task(backend.connect(first.instance.id, 4000))
    await ground.serve(first, "first", port=3000)
    await ground.serve(second, "second", port=3000)
    await ground.serve(first, "six", port=5173, host="::1")
    assert await greeting(backend, first, 3000) == b"first"
    assert await greeting(backend, second, 3000) == b"second"
    assert await greeting(backend, first, 5173) == b"six"
    with pytest.raises(Unavailable) as refused:
        await backend.connect(second.instance.id, 5173)
    assert not isinstance(refused.value, TimedOut)
    for number in (0, 70_000):
        with pytest.raises(InvalidInput):
            await backend.connect(first.instance.id, number)
    with pytest.raises(TimedOut):
        await silent


async def test_sockets_in_the_gateway_folder_can_be_reached_from_inside(ground: Ground) -> None:
    sandbox = await ground.start()
    path = ground.backend.gateway_path(sandbox.instance.id) / "git.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        path.chmod(0o666)
        seen = "/run/firefly/gateway/git.sock" if ground.real else str(path)
        probe = "import socket\nwith socket.socket(socket.AF_UNIX) as s: print(s.connect_ex({!r}))"
        assert (await sandbox.python(probe.format(seen))).stdout == "0\n"


async def test_commands_run_in_the_workspace_and_tell_how_they_ended(ground: Ground) -> None:
    backend = ground.backend
    sandbox = await ground.start()
    run = sandbox.instance.id
    done = await backend.exec(run, 'echo "$GREETING"; echo bad >&2; exit 7', environment={"GREETING": "hello $HOME"})
    assert (done.exit_code, done.stdout, done.stderr) == (7, "hello $HOME\n", "bad\n")
    assert (await backend.exec(run, ["printf", "%s", "$HOME; *"])).stdout == "$HOME; *"
    assert (await backend.exec(run, "kill -15 $$")).exit_code == -15
    await backend.exec(run, "echo note > here; pwd")
    assert (await backend.exec(run, ["cat", "here"])).stdout == "note\n"
    with pytest.raises(InvalidInput):
        await backend.exec(run, ["no-such-program"])
    big = await backend.exec(run, "head -c 5000000 /dev/zero | tr '\\0' x")
    assert big.truncated
    assert len(big.stdout) == 4 << 20


@pytest.mark.once
async def test_a_command_ends_with_its_time_its_caller_and_its_run(ground: Ground) -> None:
    backend = ground.backend
    sandbox = await ground.start()
    run = sandbox.instance.id
    marker = f"86.{os.getpid()}"
    late = await backend.exec(run, f"sleep {marker} & sleep {marker}", timeout=0.3)
    assert (late.exit_code, late.timed_out) == (124, True)
    given_up = asyncio.create_task(backend.exec(run, f"touch begun; sleep {marker}"))
    await eventually(lambda: _is_there(sandbox, "begun"))
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    await eventually(lambda: _is_over(sandbox, marker))
    cut = asyncio.create_task(backend.exec(run, f"touch again; sleep {marker}"))
    await eventually(lambda: _is_there(sandbox, "again"))
    await backend.stop(run, reason="enough")
    with pytest.raises(Unavailable):
        await cut


async def _is_there(sandbox: Inside, name: str) -> bool:
    return (await sandbox.run(f"test -e {name}")).code == 0


async def _is_over(sandbox: Inside, marker: str) -> bool:
    seen = "for process in /proc/[0-9]*; do tr '\\0' ' ' < $process/cmdline; echo; done 2>/dev/null"
    return f"sleep {marker} \n" not in (await sandbox.run(seen)).stdout


@pytest.mark.parametrize("ground", backends.params(isolated=True), indirect=True)
async def test_who_takes_too_much_memory_ends_and_the_sandbox_goes_on(ground: Ground) -> None:
    sandbox = await ground.start(limits=Limits(memory=192 << 20))
    hog = await sandbox.python("x = [bytearray(16 << 20) for _ in range(64)]\nprint('had it all')")
    assert hog.code != 0
    assert "had it all" not in hog.stdout
    assert (await sandbox.run("echo fine")).stdout == "fine\n"
