"""Commands that end, are ended, or are given up: what is told of them, and that nothing of them is left."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from firefly.bridge.process import Finished, Running, run, running
from firefly.errors import InvalidInput
from firefly.protocol.application import Stream
from firefly.protocol.execution import TIMED_OUT
from tests.support.waiting import eventually

ENVIRONMENT = {"PATH": os.environ["PATH"]}
STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.1; done"


class Heard:
    """Keeps what a command printed."""

    def __init__(self) -> None:
        self.out = b""

    async def __call__(self, stream: Stream, data: bytes) -> None:
        self.out += data


async def shell(script: str, folder: Path, **options: float) -> Finished:
    return await run(["sh", "-c", script], cwd=folder, env=ENVIRONMENT, **options)  # type: ignore[arg-type]


def lives(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_one_that_ends_tells_its_status_and_both_streams(tmp_path: Path) -> None:
    done = await shell("echo out; echo err >&2; exit 3", tmp_path)
    assert done == Finished(3, b"out\n", b"err\n")
    assert (done.text, done.error_text) == ("out", "err")


async def test_one_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    done = await shell("exec sleep 600", tmp_path, timeout=0.2)
    assert (done.code, done.timed_out, done.truncated) == (TIMED_OUT, True, False)


async def test_a_cancellation_arrives_at_once_and_ends_the_command(tmp_path: Path) -> None:
    """Also one that comes while its end is waited for with a limit."""
    task = asyncio.create_task(shell("echo $$ > pid; exec sleep 600", tmp_path, timeout=600))
    pid = int(await eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text()))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(lambda: not lives(pid))
    assert not lives(pid)


async def test_output_beyond_the_limit_is_dropped_and_said(tmp_path: Path) -> None:
    done = await shell("head -c 100000 /dev/zero", tmp_path, limit=1000)
    assert (done.code, len(done.out), done.truncated) == (0, 1000, True)


async def test_input_is_read_to_its_end(tmp_path: Path) -> None:
    done = await run(["wc", "-c"], cwd=tmp_path, env=ENVIRONMENT, stdin=b"x" * 300_000)
    assert done.text == "300000"


async def test_what_cannot_be_started_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no-such-program"):
        await run(["no-such-program"], cwd=tmp_path, env=ENVIRONMENT)


async def start(script: str, folder: Path, heard: Heard) -> tuple[Running, asyncio.Task[None], asyncio.Event]:
    """A command that prints `ready`, running until the event is set."""
    started: asyncio.Future[Running] = asyncio.get_running_loop().create_future()
    enough = asyncio.Event()

    async def hold() -> None:
        async with running(["sh", "-c", script], cwd=folder, env=ENVIRONMENT, sink=heard) as command:
            started.set_result(command)
            await enough.wait()

    task = asyncio.create_task(hold())
    command = await started
    await eventually(lambda: b"ready" in heard.out)
    return command, task, enough


@pytest.mark.parametrize(
    ("script", "grace", "number"),
    [("echo ready; exec sleep 600", 60, signal.SIGTERM), (STUBBORN, 0.2, signal.SIGKILL)],
)
async def test_it_is_asked_to_end_and_made_to_when_it_does_not(
    tmp_path: Path, script: str, grace: float, number: signal.Signals
) -> None:
    command, task, enough = await start(script, tmp_path, Heard())
    assert await command.stop(grace=grace) == -number
    enough.set()
    await task
    assert not lives(command.pid)


async def test_leaving_the_block_ends_what_was_left_in_the_background(tmp_path: Path) -> None:
    heard = Heard()
    command, task, enough = await start("sleep 600 & echo $! ready; exit 0", tmp_path, heard)
    assert await command.wait() == 0
    left = int(heard.out.split()[0])
    assert lives(left)
    enough.set()
    await task
    await eventually(lambda: not lives(left))
    assert not lives(left)
