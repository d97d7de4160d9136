"""Running git: a clean environment, an end to every process, limits on silence."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firefly.errors import TimedOut, Unavailable
from firefly.git import Git, GitFailed, command
from firefly.git.command import last_line
from firefly.git.flow import Flow
from tests.support.waiting import eventually

# A git that waits for its standard input; `cat-file --batch` ends when that does.
WAITING = ("cat-file", "--batch")


@pytest.fixture
async def repository(tool: Git, tmp_path: Path) -> Path:
    await tool.run("init", "-q", "--bare", "here.git", cwd=tmp_path)
    return tmp_path / "here.git"


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_nothing_of_the_server_reaches_git(tool: Git, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FIREFLY_SECRET_KEY", "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://10.0.0.1")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    environment = tool.environment()

    assert not {"FIREFLY_SECRET_KEY", "HTTPS_PROXY", "GIT_DIR"} & set(environment)
    assert environment["HOME"] == str(tmp_path / "home")
    assert environment["GIT_TERMINAL_PROMPT"] == "0"


async def test_no_configuration_of_the_machine_is_read(tool: Git, tmp_path: Path, repository: Path) -> None:
    (tmp_path / "home" / ".gitconfig").write_text("[user]\n\tname = Somebody\n")
    listed = await tool.run("config", "--list", "--show-scope", cwd=repository)

    assert {line.split("\t")[0] for line in listed.splitlines()} == {"local", "command"}
    assert "core.hookspath=/dev/null" in listed


@pytest.mark.parametrize("url", ["ext::touch ran", "file:///etc", "http://127.0.0.1:9/a", "ssh://127.0.0.1/a"])
async def test_no_transport_is_allowed_unless_asked_for(tool: Git, repository: Path, url: str) -> None:
    with pytest.raises(GitFailed) as failed:
        await tool.run("ls-remote", url, cwd=repository)

    assert "not allowed" in failed.value.stderr
    assert not (repository / "ran").exists()


async def test_a_failure_carries_what_git_said(tool: Git, repository: Path) -> None:
    with pytest.raises(GitFailed, match="fatal") as failed:
        await tool.run("rev-parse", "--verify", "nothing", cwd=repository)

    assert failed.value.status == 128


async def test_a_short_command_has_a_limit(tool: Git, repository: Path) -> None:
    # Waits for an editor that never ends.
    with pytest.raises(TimedOut):
        await tool.run("-c", "core.editor=sleep 60 #", "config", "--edit", cwd=repository, limit=0.2)


async def test_the_process_ends_with_the_block(tool: Git, repository: Path) -> None:
    async with tool.process(*WAITING, cwd=repository, stdin=True) as process:
        assert lives(process.pid)

    await eventually(lambda: not lives(process.pid))


async def test_the_process_ends_when_whoever_waits_is_cancelled(tool: Git, repository: Path) -> None:
    pids: list[int] = []

    async def wait() -> None:
        async with tool.process(*WAITING, cwd=repository, stdin=True) as process:
            pids.append(process.pid)
            await process.wait()

    task = asyncio.create_task(wait())
    await eventually(lambda: pids)
    task.cancel()
    await asyncio.wait([task])

    assert not lives(pids[0])


async def test_cancelled_while_starting_leaves_no_process(tool: Git, repository: Path) -> None:
    async def start() -> None:
        async with tool.process(*WAITING, cwd=repository, stdin=True):
            await asyncio.Event().wait()

    for turns in range(6):
        task = asyncio.create_task(start())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=30)
        assert task.cancelled()


async def test_too_many_at_once_wait_and_then_are_told(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "SLOT_LIMIT", 0.1)
    narrow = Git(tmp_path / "home", max_processes=1)
    async with narrow.process(*WAITING, cwd=repository, stdin=True):
        with pytest.raises(Unavailable, match="Too much git"):
            await narrow.run("version")

    assert (await narrow.run("version")).startswith("git version")


async def test_silence_on_both_sides_ends_it(tool: Git, repository: Path) -> None:
    async with tool.process(*WAITING, cwd=repository, stdin=True) as process:
        flow = Flow(process, stalled=0.2)
        with pytest.raises(TimedOut):
            async for _ in flow.output():
                pass


async def test_bytes_on_either_side_are_signs_of_life(tool: Git, repository: Path) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(6):
            yield b"HEAD\n"
            await asyncio.sleep(0.1)

    async with tool.process(*WAITING, cwd=repository, stdin=True) as process:
        flow = Flow(process, stalled=0.4)
        pump = asyncio.create_task(flow.pump(slowly()))
        said = b"".join([piece async for piece in flow.output()])
        await pump

    assert said.count(b"missing") == 6


@pytest.mark.parametrize(
    ("stderr", "line"),
    [
        ("", ""),
        ("hint\nfatal: no\nmore", "fatal: no"),
        ("a\rb\r\x1b[31mred", "[31mred"),
        ("error: " + "x" * 500, "error: " + "x" * 193),
    ],
)
def test_what_is_quoted_of_git_is_short_and_printable(stderr: str, line: str) -> None:
    assert last_line(stderr) == line


def test_a_machine_without_git_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="apt install git"):
        Git.check()
