"""What was deleted can be brought back for an hour; a crash leaves no litter."""

import errno
import os
import shutil
import time

import pytest

from firefly.bridge.annex import MOST_DELETED, UNDO_SECONDS, Annex
from firefly.bridge.workspace import Workspace
from firefly.errors import NameTaken, NotFound, StorageFull
from firefly.protocol.errors import RefusedPath


@pytest.fixture
def annex(workspace: Workspace) -> Annex:
    return Annex(workspace)


def test_a_folder_comes_back_as_it_was(workspace: Workspace, annex: Annex) -> None:
    (workspace.root / "src/deep").mkdir(parents=True)
    (workspace.root / "src/deep/a").write_text("a")
    token = annex.discard("src")
    assert not (workspace.root / "src").exists()
    assert annex.restore(token) == "src"
    assert (workspace.root / "src/deep/a").read_text() == "a"
    with pytest.raises(NotFound):
        annex.restore(token)


def test_its_folder_may_be_gone_meanwhile(workspace: Workspace, annex: Annex) -> None:
    (workspace.root / "a").mkdir()
    (workspace.root / "a/b").write_text("b")
    token = annex.discard("a/b")
    (workspace.root / "a").rmdir()
    annex.restore(token)
    assert (workspace.root / "a/b").read_text() == "b"


def test_nothing_is_overwritten(workspace: Workspace, annex: Annex) -> None:
    (workspace.root / "a").write_text("old")
    token = annex.discard("a")
    (workspace.root / "a").write_text("new")
    with pytest.raises(NameTaken):
        annex.restore(token)
    assert (workspace.root / "a").read_text() == "new"
    (workspace.root / "a").unlink()
    annex.restore(token)
    assert (workspace.root / "a").read_text() == "old"


@pytest.mark.parametrize("token", ["", "../../etc", "nothing", "a/b", ".."])
def test_tokens_are_only_those_given_out(annex: Annex, token: str) -> None:
    with pytest.raises(NotFound):
        annex.restore(token)


def test_what_is_missing_leaves_no_trace(workspace: Workspace, annex: Annex) -> None:
    with pytest.raises(NotFound):
        annex.discard("nothing")
    assert annex.sweep(everything=True) == 0


def test_old_and_surplus_deletions_are_final(workspace: Workspace, annex: Annex) -> None:
    for number in range(MOST_DELETED + 3):
        (workspace.root / f"f{number}").write_text("x")
        annex.discard(f"f{number}")
    deleted = workspace.root / ".firefly/deleted"
    annex.sweep()
    assert len(list(deleted.iterdir())) == MOST_DELETED
    for entry in deleted.iterdir():
        os.utime(entry, (0, time.time() - UNDO_SECONDS - 1))
    assert annex.sweep() == MOST_DELETED
    assert list(deleted.iterdir()) == []


def test_half_written_files_of_a_crash_are_cleared(workspace: Workspace, annex: Annex) -> None:
    with annex.temporary() as folder:
        os.close(os.open("left.tmp", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    annex.clear_temporary()
    assert not list(workspace.root.rglob("*.tmp"))


def test_git_does_not_see_it(workspace: Workspace, annex: Annex) -> None:
    annex.clear_temporary()
    assert (workspace.root / ".firefly/.gitignore").read_text() == "*\n"


def test_a_full_disk_leaves_what_was_to_be_deleted_where_it_is(
    workspace: Workspace, annex: Annex, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace.root / "a").write_text("a")

    def full(folder: int, name: str, text: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("firefly.bridge.annex._write_text", full)
    (workspace.root / ".git").mkdir()
    with pytest.raises(StorageFull):
        annex.discard("a")
    assert (workspace.root / "a").read_text() == "a"
    assert list((workspace.root / ".git/firefly/deleted").iterdir()) == []


def test_two_that_sweep_at_once_do_not_trip_over_each_other(
    workspace: Workspace, annex: Annex, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace.root / "a").write_text("a")
    annex.discard("a")
    listdir = os.listdir

    def then_swept(folder: int) -> list[str]:
        """As another thread's sweep, right after the names were read."""
        names = listdir(folder)
        for name in names:
            shutil.rmtree(name, dir_fd=folder)
        return names

    monkeypatch.setattr(os, "listdir", then_swept)
    assert annex.sweep(everything=True) == 0


def test_an_entry_that_somebody_damaged_cannot_be_brought_back(workspace: Workspace, annex: Annex) -> None:
    for number, damage in enumerate((None, b"\xff", b"../../outside", b"/etc/passwd")):
        (workspace.root / "a").write_text(str(number))
        token = annex.discard("a")
        origin = next(workspace.root.glob(f".firefly/deleted/{token}")) / "origin"
        origin.unlink() if damage is None else origin.write_bytes(damage)
        with pytest.raises((NotFound, RefusedPath)):
            annex.restore(token)
    assert not (workspace.root / "a").exists()
