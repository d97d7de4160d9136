"""Nothing outside the workspace is opened, whatever the path and whatever lies in the way."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firefly.beneath import open_beneath, walk_beneath
from firefly.bridge.system import rename_new
from firefly.bridge.workspace import Workspace, check, check_writable
from firefly.errors import Conflict, NotFound
from firefly.protocol.errors import RefusedPath

BAD = ["/etc/passwd", "..", "a/../b", "a/..", "./a", "a//b", "a/", "a\0b", "\ud800", "x" * 256, "/".join("abcd" * 1300)]


@pytest.mark.parametrize("path", BAD)
def test_paths_that_are_not_plain_are_refused(path: str) -> None:
    with pytest.raises(RefusedPath):
        check(path)


@pytest.mark.parametrize("path", ["a", "a/b.txt", "ä ö/ü", ".env", "a\\b", "..a", "a..", ""])
def test_plain_paths_are_taken(path: str) -> None:
    assert check(path) == path


@pytest.mark.parametrize("path", ["", ".git", ".git/hooks/pre-commit", "sub/.git/config", ".firefly/x"])
def test_what_belongs_to_git_and_firefly_is_not_for_writing(path: str) -> None:
    with pytest.raises(RefusedPath):
        check_writable(path)


@given(st.text(max_size=50))
def test_a_checked_path_never_leaves(path: str) -> None:
    try:
        checked = check(path)
    except RefusedPath:
        return
    assert os.path.normpath(os.path.join("/w", checked)).startswith("/w")
    assert "\0" not in checked


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("secret")
    return path


def test_links_out_of_the_workspace_are_refused(workspace: Workspace, secret: Path) -> None:
    (workspace.root / "absolute").symlink_to(secret)
    (workspace.root / "relative").symlink_to("../secret")
    (workspace.root / "folder").symlink_to(secret.parent)
    (workspace.root / "magic").symlink_to("/proc/self/root/etc/passwd")
    for path in ("absolute", "relative", "folder/secret", "folder", "magic"):
        with pytest.raises(RefusedPath, match="leads out"):
            workspace.open(path)


def test_links_inside_the_workspace_are_followed(workspace: Workspace) -> None:
    (workspace.root / "real").mkdir()
    (workspace.root / "real/a.txt").write_text("a")
    (workspace.root / "link").symlink_to("real")
    with os.fdopen(workspace.open("link/a.txt")) as file:
        assert file.read() == "a"


def test_a_link_to_git_is_not_for_writing_either(workspace: Workspace) -> None:
    (workspace.root / ".git").mkdir()
    (workspace.root / "link").symlink_to(".git")
    with pytest.raises(RefusedPath), workspace.place("link/hooks"):
        pass
    with pytest.raises(RefusedPath), workspace.place("link/new/hooks", create_folders=True):
        pass
    assert list((workspace.root / ".git").iterdir()) == []


def test_a_writing_place_beyond_a_link_is_refused(workspace: Workspace, secret: Path) -> None:
    (workspace.root / "out").symlink_to(secret.parent)
    with pytest.raises(RefusedPath), workspace.place("out/new.txt", create_folders=True):
        pass
    assert not (secret.parent / "new.txt").exists()


def test_a_file_that_is_no_folder_and_what_is_missing(workspace: Workspace) -> None:
    (workspace.root / "file").write_text("x")
    with pytest.raises(NotFound, match="a part of it is a file"):
        workspace.open("file/below")
    with pytest.raises(NotFound, match="does not exist"):
        workspace.open("nothing")


def test_a_fifo_does_not_make_anyone_wait(workspace: Workspace) -> None:
    os.mkfifo(workspace.root / "fifo")
    descriptor = workspace.open("fifo")
    assert stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    os.close(descriptor)


def test_the_root_may_be_moved_while_it_is_open(workspace: Workspace, tmp_path: Path) -> None:
    (workspace.root / "a").write_text("x")
    workspace.root.rename(tmp_path / "elsewhere")
    os.close(workspace.open("a"))
    with workspace.place("b/c", create_folders=True) as place:
        assert place.path == "b/c"


def test_the_walk_for_old_kernels_follows_no_link(workspace: Workspace) -> None:
    (workspace.root / "real").mkdir()
    (workspace.root / "real/a").write_text("x")
    (workspace.root / "link").symlink_to("real")
    root = os.open(workspace.root, os.O_PATH)
    try:
        os.close(walk_beneath(root, "real/a", os.O_RDONLY))
        with pytest.raises(OSError, match=r"Not a directory|Too many"):
            walk_beneath(root, "link/a", os.O_RDONLY)
        with pytest.raises(OSError, match="Too many"):
            walk_beneath(root, "link", os.O_RDONLY)
        with pytest.raises(OSError, match="cross-device"):
            open_beneath(root, "../x", os.O_RDONLY)
    finally:
        os.close(root)


def test_rename_new_never_overwrites(workspace: Workspace) -> None:
    (workspace.root / "a").write_text("a")
    (workspace.root / "b").write_text("b")
    with workspace.folder("") as root:
        with pytest.raises(FileExistsError):
            rename_new(root, "a", root, "b")
        rename_new(root, "a", root, "c")
    assert sorted(path.name for path in workspace.root.iterdir()) == ["b", "c"]


def test_errors_of_the_system_say_what_to_do(workspace: Workspace) -> None:
    (workspace.root / "folder").mkdir()
    with pytest.raises(Conflict, match="is a folder"):
        workspace.open("folder", os.O_WRONLY)
