"""What a remix takes along of a workspace: all that git sees, nothing that it ignores, all of one moment."""

import io
import os
import shutil
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firefly.bridge.carrying import Carrying
from firefly.bridge.changes import base_of, unpack
from firefly.bridge.environment import Environment
from firefly.bridge.workspace import Workspace
from firefly.errors import Conflict, InvalidInput, TooLarge
from firefly.protocol.errors import RefusedPath
from firefly.protocol.workspace import CarryParams, InitializeParams
from tests.bridge.conftest import Running, git
from tests.bridge.gateway import gateway


@pytest.fixture
def tree(environment: Environment) -> Path:
    """A committed workspace that was then worked on."""
    root = environment.workspace
    git(root, "init", "-q", "--initial-branch=main")
    for name in ("kept.txt", "edited.txt", "gone.txt", "deep/down/alone.txt", "turned", "run.sh"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"first {name}")
    (root / ".gitignore").write_text(".env\nnode_modules\n")
    git(root, "add", "--all")
    git(root, "commit", "-q", "-m", "Begin")
    (root / "edited.txt").write_text("second")
    (root / "run.sh").chmod(0o755)
    (root / "gone.txt").unlink()
    (root / "deep/down/alone.txt").unlink()
    (root / "turned").unlink()
    (root / "turned").mkdir()
    (root / "turned/inside.txt").write_text("in")
    (root / "new ä.txt").write_text("new")
    (root / ".hidden").write_text("hidden")
    (root / ".env").write_text("PASSWORD=ignored")
    (root / "node_modules").mkdir()
    (root / "node_modules/x.js").write_text("ignored")
    (root / "link").symlink_to("/etc/passwd")
    return root


@pytest.fixture
def carrying(environment: Environment, tree: Path) -> Carrying:
    return Carrying(environment, Workspace(tree))


def head(tree: Path) -> str:
    return git(tree, "rev-parse", "HEAD")


async def test_a_copy_at_the_same_commit_becomes_the_same(carrying: Carrying, tree: Path, tmp_path: Path) -> None:
    file = io.BytesIO()
    await carrying.pack(CarryParams(base=head(tree)), file)
    git(tmp_path, "clone", "-q", str(tree), "copy")
    copy = tmp_path / "copy"
    (copy / "secret").write_text("left alone")

    assert base_of(file) == head(tree)
    assert unpack(file, Workspace(copy)) == 9
    (copy / "secret").unlink()
    assert git(copy, "status", "--porcelain") == git(tree, "status", "--porcelain")
    assert git(copy, "diff") == git(tree, "diff")
    assert (copy / "turned/inside.txt").read_text() == "in"
    assert (copy / "new ä.txt").read_text() == "new"
    assert os.readlink(copy / "link") == "/etc/passwd"
    assert os.access(copy / "run.sh", os.X_OK)
    assert not (copy / "deep").exists()
    assert not (copy / ".env").exists()
    assert not (copy / "node_modules").exists()
    assert b"ignored" not in file.getvalue()


async def test_visitors_get_no_hidden_file(carrying: Carrying, tree: Path) -> None:
    (tree / ".gitignore").write_text("changed and hidden")
    file = io.BytesIO()
    await carrying.pack(CarryParams(base=head(tree), published=True), file)

    assert b"hidden" not in file.getvalue()
    assert b"second" in file.getvalue()


async def test_what_changes_while_it_is_read_is_read_again(carrying: Carrying, tree: Path) -> None:
    class Slow(io.BytesIO):
        written = 0

        def flush(self) -> None:
            self.written += 1
            if self.written == 1:
                (tree / "edited.txt").write_text("third, and longer")

    file = Slow()
    await carrying.pack(CarryParams(base=head(tree)), file)

    assert b"third, and longer" in file.getvalue()
    assert b"second" not in file.getvalue()


async def test_the_difference_is_from_what_both_have(carrying: Carrying, tree: Path, tmp_path: Path) -> None:
    """The workspace has not heard of the commit that is asked for: the last one that it shares with origin counts."""
    git(tmp_path, "clone", "-q", "--bare", str(tree), "origin.git")
    git(tree, "remote", "add", "origin", str(tmp_path / "origin.git"))
    git(tree, "fetch", "-q", "origin")
    git(tree, "branch", "-q", "--set-upstream-to=origin/main")
    shared = head(tree)
    git(tree, "commit", "-q", "-am", "Not pushed")
    file = io.BytesIO()
    await carrying.pack(CarryParams(base="1" * 40), file)

    assert base_of(file) == shared
    assert b"second" in file.getvalue()
    assert b"Not pushed" not in file.getvalue()


async def test_without_anything_in_common_there_is_no_difference(carrying: Carrying) -> None:
    with pytest.raises(Conflict, match="nothing in common"):
        await carrying.pack(CarryParams(base="1" * 40), io.BytesIO())


async def test_too_much_is_refused(carrying: Carrying, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firefly.bridge.carrying.MOST_BYTES", 20)
    with pytest.raises(TooLarge, match="Commit and push"):
        await carrying.pack(CarryParams(base=head(tree)), io.BytesIO())


@pytest.mark.parametrize("name", ["../x", ".git/hooks/post-commit", "/etc/x", ".firefly/x"])
def test_an_archive_that_reaches_elsewhere_is_refused(workspace: Workspace, name: str) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        text = b'{"base": "", "gone": []}'
        first = tarfile.TarInfo("firefly-changes")
        first.size = len(text)
        archive.addfile(first, io.BytesIO(text))
        archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    with pytest.raises(RefusedPath):
        unpack(file, workspace)


@pytest.mark.parametrize("content", [b"", b"no archive at all"])
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="no archive of changes"):
        base_of(io.BytesIO(content))


def empty(folder: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


async def test_one_bridge_hands_over_to_another(house: Running, tree: Path, tmp_path: Path) -> None:
    """Packed by HTTP from a workspace, taken by HTTP into an empty one with the same hosted repository."""
    git(tmp_path, "clone", "-q", "--bare", str(tree), "hosted.git")
    async with house.client.changes(CarryParams(base=head(tree))) as response:
        packed = await response.read()
    empty(tree)

    async def body() -> AsyncIterator[bytes]:
        yield packed

    async with gateway(house.environment.gateway, tmp_path / "hosted.git"):
        done = await house.client.initialize_remix(body())
        with pytest.raises(Conflict, match="not empty"):
            await house.client.initialize(InitializeParams(clone=True))
    assert done.commit == git(tmp_path / "hosted.git", "rev-parse", "HEAD")
    assert (tree / "edited.txt").read_text() == "second"
    assert git(tree, "status", "--porcelain", "gone.txt") == "D gone.txt"
