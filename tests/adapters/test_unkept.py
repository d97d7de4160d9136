"""What of a workspace's git nothing but its folder holds, by what the hosted repository has now."""

import subprocess
from pathlib import Path

import pytest

from firefly.adapters.sealing import UNKEPT
from tests.git.support import environment, git


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """On main, of a repository with the branch topic, which others have another clone of."""
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "hosted")
    git(tmp_path, "clone", "-q", "hosted", "clone")
    made = tmp_path / "clone"
    git(made, "checkout", "-q", "-b", "main")
    git(made, "commit", "-q", "--allow-empty", "-m", "first")
    git(made, "branch", "topic")
    git(made, "tag", "v1")
    git(made, "push", "-q", "origin", "main", "topic", "v1")
    git(tmp_path, "clone", "-q", "-b", "topic", "hosted", "other")
    return made


def unkept(clone: Path) -> list[str]:
    done = subprocess.run(
        ["sh", "-c", UNKEPT], cwd=clone, env=environment(), capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout.splitlines()


def commit(folder: Path, text: str) -> None:
    git(folder, "commit", "-q", "--allow-empty", "-m", text)


def test_what_is_pushed_is_kept_also_where_others_have_gone_on(clone: Path) -> None:
    other = clone.parent / "other"
    assert unkept(clone) == []
    commit(other, "theirs")
    git(other, "push", "-q")
    assert unkept(clone) == []
    # Of the branch that it is on, the checkpoint has the commits.
    commit(clone, "mine")
    assert unkept(clone) == []


def test_what_was_never_pushed_is_named(clone: Path) -> None:
    git(clone, "checkout", "-q", "topic")
    commit(clone, "mine")
    git(clone, "tag", "v2")
    git(clone, "checkout", "-q", "main")
    assert unkept(clone) == ["the branch topic", "the tag v2"]


@pytest.mark.parametrize("after", [["--delete", "topic"], ["--force", "main:topic"]], ids=["deleted", "replaced"])
def test_what_was_pushed_and_is_hosted_no_longer_is_named(clone: Path, after: list[str]) -> None:
    other = clone.parent / "other"
    git(clone, "checkout", "-q", "topic")
    commit(clone, "mine")
    git(clone, "push", "-q", "origin", "topic")
    git(clone, "checkout", "-q", "main")
    git(other, "branch", "main", "origin/main")
    git(other, "push", "-q", "origin", *after)
    assert unkept(clone) == ["the branch topic"]


def test_a_hosted_repository_that_does_not_answer_keeps_nothing(clone: Path) -> None:
    git(clone, "remote", "set-url", "origin", "/nowhere")
    with pytest.raises(subprocess.CalledProcessError):
        unkept(clone)


def test_commits_of_a_submodule_are_named_until_they_are_pushed(clone: Path) -> None:
    library = clone.parent / "library"
    git(clone.parent, "init", "-q", "--bare", "-b", "main", "library")
    git(clone.parent / "other", "push", "-q", str(library), "HEAD:main")
    git(clone, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library), "lib")
    git(clone, "commit", "-q", "-m", "Have a library")
    assert unkept(clone) == []
    commit(clone / "lib", "mine")
    assert unkept(clone) == ["commits of the submodule lib"]
    git(clone / "lib", "push", "-q")
    assert unkept(clone) == []
