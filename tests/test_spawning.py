"""Starting programs without a fork of the server, on both event loops."""

import asyncio
import io
import mmap
import os
import resource
import signal
import subprocess
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import pytest
import uvloop

from firefly.spawning import spawn

PAGES = 4096
Run: TypeAlias = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner.run


async def _waited(spawning: Coroutine[Any, Any, Process]) -> int:
    return await (await spawning).wait()


def test_what_goes_in_and_comes_out(run: Run, tmp_path: Path) -> None:
    # More than any pipe holds at a time.
    sent = b"x" * (1 << 20) + b"\n"

    async def work() -> None:
        script = 'cat; pwd; printf %s "$WORD" >&2; exit 3'
        process = await spawn(
            "sh", "-c", script, stdin=PIPE, stdout=PIPE, stderr=PIPE, env={"WORD": "said", "PATH": "/usr/bin:/bin"},
            cwd=tmp_path,
        )  # fmt: skip
        out, err = await process.communicate(sent)
        assert out == sent + f"{tmp_path}\n".encode()
        assert (err, process.returncode) == (b"said", 3)

    run(work())


class Late(io.FileIO):
    """The end of a pipe; whenever it is closed, a thread has just opened another file."""

    opened: ClassVar[list[int]] = []

    def close(self) -> None:
        if not self.closed:
            self.opened.append(os.open(os.devnull, os.O_RDONLY))
        super().close()


class Popen(subprocess.Popen[bytes]):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name, mode in (("stdin", "wb"), ("stdout", "rb"), ("stderr", "rb")):
            pipe = getattr(self, name)
            setattr(self, name, Late(os.dup(pipe.fileno()), mode))
            pipe.close()


def test_the_end_of_a_program_closes_no_file_that_was_opened_meanwhile(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", Popen)
    monkeypatch.setattr(Late, "opened", [])

    async def work() -> None:
        process = await spawn("cat", stdin=PIPE, stdout=PIPE, stderr=PIPE)
        assert await process.communicate(b"said") == (b"said", b"")

    run(work())
    assert len(Late.opened) == 3
    for descriptor in Late.opened:
        os.close(descriptor)


def test_a_session_of_its_own_that_is_ended_by_a_signal(run: Run) -> None:
    async def work() -> None:
        process = await spawn("sleep", "1000", start_new_session=True)
        assert os.getsid(process.pid) == process.pid
        os.killpg(process.pid, signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL

    run(work())


def test_what_is_not_there_is_said(run: Run) -> None:
    with pytest.raises(FileNotFoundError):
        run(spawn("no-such-program"))


def test_a_kernel_without_process_descriptors(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int) -> int:
        raise OSError

    monkeypatch.setattr(os, "pidfd_open", refuse)
    assert run(_waited(spawn("false"))) == 1


def test_the_server_is_not_copied(run: Run) -> None:
    """After a fork, each page that is written to has to be copied first."""
    with mmap.mmap(-1, PAGES * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(mmap.MADV_NOHUGEPAGE)
        _write(memory)
        run(_waited(spawn("true")))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        _write(memory)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < PAGES // 2


def _write(memory: mmap.mmap) -> None:
    for page in range(PAGES):
        memory[page * mmap.PAGESIZE] = 1
