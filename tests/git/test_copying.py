"""A copy of a hosted repository holds its branches and tags, and nothing that they do not reach."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from firefly.errors import NotFound
from firefly.git import Copier, Git, Repositories

from .support import commit, git, history


@pytest.fixture
def copier(tool: Git, repositories: Repositories) -> Copier:
    return Copier(git=tool, repositories=repositories)


@pytest.fixture
async def source(repositories: Repositories, tmp_path: Path) -> UUID:
    """Two branches, a tag with a message, a shadow branch, and a commit that a forced push threw away."""
    tree = history(tmp_path / "source", branch="trunk", commits=2)
    git(tree, "tag", "-a", "-m", "One", "v1")
    git(tree, "branch", "feature/a")
    project = uuid4()
    bare = await repositories.create(project)
    git(bare, "symbolic-ref", "HEAD", "refs/heads/trunk")
    commit(tree, "password.txt", "shadowed", "Keep")
    git(tree, "push", "-q", str(bare), "HEAD:refs/firefly/w1/trunk")
    git(tree, "reset", "-q", "--hard", "HEAD~1")
    commit(tree, "key.pem", "thrown away", "Regret")
    git(tree, "push", "-q", str(bare), "trunk", "feature/a", "v1")
    git(tree, "reset", "-q", "--hard", "HEAD~1")
    git(tree, "push", "-q", "--force", str(bare), "trunk")
    return project


async def test_holds_branches_tags_and_their_history_only(
    copier: Copier, repositories: Repositories, source: UUID, tmp_path: Path
) -> None:
    target = uuid4()
    original = await repositories.existing(source)
    copy = await repositories.create(target)

    assert await copier.copy(source, target) == "trunk"
    public = {ref: name for ref, name in (await repositories.refs(source)).items() if "firefly" not in ref}
    assert await repositories.refs(target) == public
    assert await repositories.default_branch(target) == "trunk"
    git(copy, "fsck", "--strict")
    assert git(copy, "rev-list", "--all", "--count") == "2"
    before, after = (git(path, "cat-file", "--batch-all-objects", "--batch-check") for path in (original, copy))
    for secret in ("shadowed", "thrown away"):
        (tmp_path / "secret").write_text(secret)
        name = git(tmp_path, "hash-object", "secret")
        assert name in before
        assert name not in after


async def test_packs_with_nothing_else_are_linked_and_others_are_not(
    copier: Copier, repositories: Repositories, source: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firefly.git.copying.LINKED", 0)
    target = uuid4()
    await repositories.create(target)
    original = await repositories.existing(source)
    git(original, "prune")
    git(original, "repack", "-a", "-d", "-q")
    await copier.copy(source, target)
    copy = repositories.path(target)
    assert [file.stat().st_nlink for file in (copy / "objects/pack").glob("*.pack")] == [1]

    git(original, "update-ref", "-d", "refs/firefly/w1/trunk")
    git(original, "reflog", "expire", "--expire=now", "--all")
    git(original, "repack", "-a", "-d", "-q")
    await copier.copy(source, target)
    assert [file.stat().st_nlink for file in (copy / "objects/pack").glob("*.pack")] == [2]
    git(copy, "fsck", "--strict")
    await repositories.remove(source)
    git(copy, "fsck", "--strict")


async def test_what_is_reached_is_looked_up_once_for_the_same_branches(
    copier: Copier, repositories: Repositories, source: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    run = Git.run

    async def listening(tool: Git, *arguments: str, **options: Any) -> str:
        asked.append(arguments[0])
        return await run(tool, *arguments, **options)

    monkeypatch.setattr(Git, "run", listening)
    targets = [uuid4(), uuid4(), uuid4()]
    for target in targets[:2]:
        await repositories.create(target)
        await copier.copy(source, target)
        git(repositories.path(target), "fsck", "--strict")
    assert asked.count("rev-list") == 1
    git(tmp_path, "clone", "-q", str(repositories.path(source)), "own")
    new = commit(tmp_path / "own", "more.txt")
    git(tmp_path / "own", "push", "-q")
    await repositories.create(targets[2])
    await copier.copy(source, targets[2])
    assert asked.count("rev-list") == 2
    assert (await repositories.refs(targets[2]))["refs/heads/trunk"] == new
    git(repositories.path(targets[2]), "fsck", "--strict")


async def test_a_copy_goes_its_own_way(
    copier: Copier, repositories: Repositories, source: UUID, tmp_path: Path
) -> None:
    target = uuid4()
    await repositories.create(target)
    await copier.copy(source, target)
    git(tmp_path, "clone", "-q", str(repositories.path(target)), "own")
    new = commit(tmp_path / "own", "mine.txt")
    git(tmp_path / "own", "push", "-q")

    assert (await repositories.refs(target))["refs/heads/trunk"] == new
    await repositories.remove(source)
    git(repositories.path(target), "fsck", "--strict")


async def test_of_an_empty_repository_an_empty_one_is_made(copier: Copier, repositories: Repositories) -> None:
    source, target = uuid4(), uuid4()
    await repositories.create(source)
    await repositories.create(target)

    assert await copier.copy(source, target) == "main"
    assert await repositories.refs(target) == {}


async def test_what_is_not_there_is_not_copied_and_leaves_the_old_one(
    copier: Copier, repositories: Repositories, source: UUID
) -> None:
    with pytest.raises(NotFound):
        await copier.copy(uuid4(), source)
    assert "refs/heads/trunk" in await repositories.refs(source)
