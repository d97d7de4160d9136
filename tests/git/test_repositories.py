"""Hosted repositories: whole or absent, with Firefly's configuration only."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from firefly.errors import InvalidInput, NotFound
from firefly.git import Git, Repositories
from firefly.git.repositories import set_head

from .support import git, history


async def test_an_empty_repository_is_one_for_stock_git(repositories: Repositories, tmp_path: Path) -> None:
    path = await repositories.create(uuid4())

    assert git(path, "rev-parse", "--is-bare-repository") == "true"
    git(path, "fsck", "--strict")
    git(tmp_path, "clone", "-q", str(path), "copy")
    assert git(tmp_path / "copy", "symbolic-ref", "HEAD") == "refs/heads/main"


async def test_a_copy_of_a_prepared_one_has_its_history(repositories: Repositories, tmp_path: Path) -> None:
    source = history(tmp_path / "source", commits=3)
    git(tmp_path, "clone", "-q", "--bare", str(source), "prepared.git")
    project = uuid4()
    await repositories.create(project, prepared=tmp_path / "prepared.git")

    assert (await repositories.refs(project))["refs/heads/main"] == git(source, "rev-parse", "HEAD")
    assert await repositories.default_branch(project) == "main"


async def test_the_configuration_of_a_prepared_one_is_not_taken_over(
    repositories: Repositories, tmp_path: Path
) -> None:
    source = history(tmp_path / "source")
    git(tmp_path, "clone", "-q", "--bare", str(source), "prepared.git")
    git(tmp_path / "prepared.git", "config", "core.fsmonitor", "touch /tmp/x")
    path = await repositories.create(uuid4(), prepared=tmp_path / "prepared.git")

    assert "fsmonitor" not in (path / "config").read_text()


async def test_many_at_once_do_not_disturb_each_other(repositories: Repositories) -> None:
    projects = [uuid4() for _ in range(20)]
    paths = await asyncio.gather(*(repositories.create(project) for project in projects))

    assert len(set(paths)) == 20
    assert all([(await repositories.refs(project)) == {} for project in projects])


async def test_a_failed_copy_leaves_nothing(repositories: Repositories, tmp_path: Path) -> None:
    project = uuid4()
    with pytest.raises(FileNotFoundError):
        await repositories.create(project, prepared=tmp_path / "missing")

    assert not repositories.path(project).exists()
    assert list((tmp_path / "repositories" / "incoming").iterdir()) == []


async def test_removed_is_not_found_and_removing_twice_is_fine(repositories: Repositories) -> None:
    project = uuid4()
    await repositories.create(project)
    await repositories.remove(project)
    await repositories.remove(project)

    with pytest.raises(NotFound):
        await repositories.refs(project)


async def test_replacing_swaps_the_whole_repository(repositories: Repositories, tmp_path: Path) -> None:
    source = history(tmp_path / "source")
    project = uuid4()
    await repositories.create(project)
    fresh = repositories.scratch()
    git(tmp_path, "clone", "-q", "--bare", str(source), str(fresh))
    await repositories.replace(project, fresh)

    assert list(await repositories.refs(project)) == ["refs/heads/main"]
    assert list((tmp_path / "repositories" / "incoming").iterdir()) == []


async def test_sweeping_removes_what_an_interrupted_creation_left(repositories: Repositories, tmp_path: Path) -> None:
    left = repositories.scratch()
    await repositories.sweep()

    assert not left.exists()


@pytest.mark.parametrize("branch", ["", "-x", "a b", "a\nb"])
def test_a_head_names_a_branch(tmp_path: Path, branch: str) -> None:
    with pytest.raises(InvalidInput):
        set_head(tmp_path, branch)


async def test_hooks_of_a_repository_never_run(repositories: Repositories, tool: Git, tmp_path: Path) -> None:
    project = uuid4()
    path = await repositories.create(project)
    hooks = path / "hooks"
    hooks.mkdir()
    for name in ("pre-receive", "post-receive", "update", "post-update", "reference-transaction"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (hooks / name).chmod(0o755)
    source = history(tmp_path / "source")
    async with tool.process(
        "fetch", "-q", str(source), "main:main", cwd=path, settings={"protocol.file.allow": "always"}
    ) as process:
        await process.communicate()

    assert "refs/heads/main" in await repositories.refs(project)
    assert not (tmp_path / "ran").exists()
