"""Repositories stay small: packs are joined after pushes, one repository at a time, never while one is pushed to."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from firefly.errors import TimedOut
from firefly.git import Git, GitFailed, Maintenance, Repositories
from tests.support.waiting import eventually

from .conftest import Hosted
from .hosting import application, listening
from .support import client, commit, git


@asynccontextmanager
async def running(maintenance: Maintenance) -> AsyncIterator[None]:
    task = asyncio.create_task(maintenance.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def packs(path: Path) -> list[Path]:
    return list((path / "objects" / "pack").glob("*.pack"))


async def many_pushes(hosted: Hosted, folder: Path, number: int) -> list[str]:
    """Stock git's, one after another; returns the commits."""
    heads = []
    async with listening(application(hosted.smart_http, hosted.project_id, hosted.account_id)) as base:
        status, said = await client(folder, "clone", "-q", f"{base}/a.git", "copy")
        assert status == 0, said
        for turn in range(number):
            heads.append(commit(folder / "copy", f"file{turn}.txt", f"{turn}\n", f"Commit {turn}"))
            status, said = await client(folder / "copy", "push", "-q", "origin", "HEAD:main")
            assert status == 0, said
    return heads


async def test_the_packs_of_many_small_pushes_are_joined(hosted: Hosted, tmp_path: Path) -> None:
    path = await hosted.repositories.existing(hosted.project_id)
    heads = await many_pushes(hosted, tmp_path, 7)
    assert len(packs(path)) == 7
    async with running(hosted.maintenance):
        await eventually(lambda: len(packs(path)) == 1, within=60)

    assert git(path, "rev-list", "--reverse", "main").split() == heads
    assert git(path, "fsck", "--strict") == ""
    assert await hosted.repositories.refs(hosted.project_id) == {"refs/heads/main": heads[-1]}


async def test_nothing_that_a_repository_holds_is_run_or_heeded(hosted: Hosted, tmp_path: Path) -> None:
    path = await hosted.repositories.existing(hosted.project_id)
    await many_pushes(hosted, tmp_path, 5)
    (path / "hooks").mkdir()
    hook = path / "hooks" / "pre-auto-gc"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
    hook.chmod(0o755)
    with (path / "config").open("a") as config:
        config.write(f"[core]\n\tfsmonitor = touch {tmp_path}/ran\n\thooksPath = {path}/hooks\n")
        config.write("[gc]\n\tautoPackLimit = 0\n\tautoDetach = true\n")
    async with running(hosted.maintenance):
        await eventually(lambda: len(packs(path)) == 1, within=60)

    assert not (tmp_path / "ran").exists()


async def test_runs_behind_everything_else(tool: Git) -> None:
    async with tool.process("hash-object", "--stdin", stdin=True, niceness=15) as process:
        assert os.getpriority(os.PRIO_PROCESS, process.pid) >= 15


class SlowGit(Git):
    """Does nothing, until told to go on; remembers for which repositories, and how each ended."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.go_on = asyncio.Event()
        self.fails: list[Exception] = []

    async def run(self, *arguments: str, cwd: Path | None = None, **options: object) -> str:
        assert cwd is not None
        self.begun.append(cwd.stem)
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise
        if self.fails:
            self.ended.append("failed")
            raise self.fails.pop(0)
        self.ended.append("done")
        return ""


@pytest.fixture
def slow(tmp_path: Path) -> SlowGit:
    return SlowGit(tmp_path)


@pytest.fixture
def maintenance(slow: SlowGit, repositories: Repositories) -> Maintenance:
    return Maintenance(git=slow, repositories=repositories)


async def projects(repositories: Repositories, number: int) -> list[UUID]:
    made = [uuid4() for _ in range(number)]
    for project_id in made:
        await repositories.create(project_id)
    return made


async def push(maintenance: Maintenance, project_id: UUID) -> None:
    await maintenance.push_begins(project_id)
    maintenance.push_ends(project_id)


async def test_one_at_a_time_and_each_once_for_many_pushes(
    slow: SlowGit, maintenance: Maintenance, repositories: Repositories
) -> None:
    first, second = await projects(repositories, 2)
    for project_id in (first, second, first, first):
        await push(maintenance, project_id)
    async with running(maintenance):
        await eventually(lambda: slow.begun == [first.hex])
        slow.go_on.set()
        await eventually(lambda: slow.ended == ["done", "done"])

    assert slow.begun == [first.hex, second.hex]


async def test_a_push_ends_it_and_it_is_taken_up_again_afterwards(
    slow: SlowGit, maintenance: Maintenance, repositories: Repositories
) -> None:
    (project_id,) = await projects(repositories, 1)
    await push(maintenance, project_id)
    async with running(maintenance):
        await eventually(lambda: len(slow.begun) == 1)
        await maintenance.push_begins(project_id)
        assert slow.ended == ["cancelled"], "nothing goes on while the push runs"
        slow.go_on.set()
        await maintenance.push_begins(project_id)
        maintenance.push_ends(project_id)
        await asyncio.sleep(0)
        assert len(slow.begun) == 1, "the first push still runs"
        maintenance.push_ends(project_id)
        await eventually(lambda: slow.ended == ["cancelled", "done"])


async def test_a_push_to_another_repository_disturbs_nothing(
    slow: SlowGit, maintenance: Maintenance, repositories: Repositories
) -> None:
    first, second = await projects(repositories, 2)
    await push(maintenance, first)
    async with running(maintenance):
        await eventually(lambda: slow.begun == [first.hex])
        await maintenance.push_begins(second)
        assert slow.ended == []
        slow.go_on.set()
        await eventually(lambda: slow.ended == ["done"])
        assert slow.begun == [first.hex]
        maintenance.push_ends(second)
        await eventually(lambda: slow.begun == [first.hex, second.hex])


@pytest.mark.parametrize("error", [TimedOut("git took too long."), GitFailed(128, "fatal: damaged"), OSError("no")])
async def test_one_that_fails_does_not_keep_the_next_from_its_turn(
    slow: SlowGit, maintenance: Maintenance, repositories: Repositories, error: Exception
) -> None:
    first, second = await projects(repositories, 2)
    gone = uuid4()
    slow.fails = [error]
    slow.go_on.set()
    for project_id in (gone, first, second):
        await push(maintenance, project_id)
    async with running(maintenance):
        await eventually(lambda: slow.ended == ["failed", "done"])

    assert slow.begun == [first.hex, second.hex]


async def test_ends_with_the_server(slow: SlowGit, maintenance: Maintenance, repositories: Repositories) -> None:
    (project_id,) = await projects(repositories, 1)
    await push(maintenance, project_id)
    async with running(maintenance):
        await eventually(lambda: len(slow.begun) == 1)

    assert slow.ended == ["cancelled"]


async def test_a_push_that_could_not_begin_does_not_keep_it_away_for_ever(
    hosted: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await hosted.repositories.existing(hosted.project_id)
    await many_pushes(hosted, tmp_path, 5)
    with pytest.raises(TypeError):
        await hosted.pushes.begin(hosted.project_id, pusher_id=None, via="http", changes=[None])  # type: ignore[list-item]
    async with running(hosted.maintenance):
        await eventually(lambda: len(packs(path)) == 1, within=60)

    assert git(path, "fsck", "--strict") == ""
