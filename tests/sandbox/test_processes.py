"""The tree of processes and what it uses, with real ones."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from firefly.sandbox import processes
from firefly.sandbox.memory import available_share
from firefly.sandbox.processes import descendants, end_hogs, explain, first_child, stats
from tests.support.waiting import eventually

TREE = "sleep 60 & (sleep 60 & wait) & wait"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, "did not start"),
        (0, "ended with code 0"),
        (3, "ended with code 3"),
        (137, "most likely for using too much memory"),
        (-9, "most likely for using too much memory"),
        (143, "ended by signal 15"),
        (255, "ended with code 255"),
    ],
)
def test_exit_codes_become_sentences(code: int | None, words: str) -> None:
    assert words in explain(code)


async def test_the_whole_tree_is_seen() -> None:
    process = await asyncio.create_subprocess_exec("/bin/sh", "-c", TREE, start_new_session=True)
    try:
        await eventually(lambda: len(descendants(process.pid)) == 3)
        assert first_child(process.pid) in descendants(process.pid)
        used = stats([process.pid, *descendants(process.pid)], None)
        assert used["pids"] == 4
        assert used["memory"] > 0
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    assert descendants(process.pid) == []


async def test_the_largest_process_is_ended_first(monkeypatch: pytest.MonkeyPatch) -> None:
    process = await asyncio.create_subprocess_exec("/bin/sh", "-c", TREE, start_new_session=True)
    said: list[str] = []
    try:
        await eventually(lambda: len(descendants(process.pid)) == 3)
        small, large, *_ = descendants(process.pid)
        sizes = {small: 10 << 20, large: 500 << 20}
        monkeypatch.setattr(processes, "_resident", lambda pid: sizes.get(pid, 0))
        monkeypatch.setattr(processes, "_own_share", lambda pid: sizes.get(pid, 0))
        end_hogs(descendants(process.pid), 100 << 20, said.append)
        await eventually(lambda: large not in descendants(process.pid))
        assert small in descendants(process.pid)
        assert said == ["a process of 500 MiB was ended: the sandbox may use 100 MiB"]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def test_nothing_is_ended_within_the_limit() -> None:
    said: list[str] = []
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        end_hogs(descendants(os.getpid()), 1 << 40, said.append)
        assert process.poll() is None
        process.kill()
    assert said == []


def test_the_share_of_memory_that_is_left(tmp_path: Path) -> None:
    file = tmp_path / "meminfo"
    file.write_text(
        "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    250 kB\nHugePages_Total:       0\n"
    )
    assert available_share(file) == 0.25
    assert 0 < available_share() <= 1


def test_a_kill_is_called_out_of_memory_only_where_memory_ran_out() -> None:
    assert explain(137, oom_kills=1, memory=128 << 20).startswith("It ran out of memory: 128 MiB")
    assert "code 3" in explain(3, oom_kills=1, memory=128 << 20)
