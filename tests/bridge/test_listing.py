"""What is in the workspace, while others change it."""

from pathlib import Path

import pytest

from firefly.bridge.environment import Environment
from firefly.bridge.services.listing import Lister
from firefly.bridge.workspace import Workspace
from firefly.errors import NotFound
from firefly.protocol.files import Entry, Kind


@pytest.fixture
def lister(workspace: Workspace, environment: Environment) -> Lister:
    return Lister(workspace, environment)


async def test_folders_come_first_links_are_not_followed(workspace: Workspace, lister: Lister) -> None:
    (workspace.root / "b").mkdir()
    (workspace.root / "b/deep").write_text("x")
    (workspace.root / "a").write_text("hello")
    (workspace.root / "c").symlink_to("/etc")
    found = (await lister.folder("", depth=3)).entries

    assert [(entry.path, entry.kind) for entry in found] == [
        ("b", Kind.FOLDER), ("a", Kind.FILE), ("c", Kind.LINK), ("b/deep", Kind.FILE),
    ]  # fmt: skip


async def test_a_folder_that_vanishes_meanwhile_does_not_spoil_the_rest(
    workspace: Workspace, lister: Lister, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (workspace.root / name).mkdir()
        (workspace.root / name / "file").write_text("x")
    scan = lister._scan

    def vanishing(path: str) -> list[Entry]:
        found = scan(path)
        if not path:
            (workspace.root / "a/file").unlink()
            (workspace.root / "a").rmdir()
        return found

    monkeypatch.setattr(lister, "_scan", vanishing)
    assert [entry.path for entry in (await lister.folder("", depth=2)).entries] == ["a", "b", "b/file"]


async def test_one_that_is_not_there_is_an_error(lister: Lister) -> None:
    with pytest.raises(NotFound):
        await lister.folder("missing", depth=2)


async def test_names_that_are_not_text_are_left_out(workspace: Workspace, lister: Lister) -> None:
    for name in (b"\xff", b"plain"):
        Path(bytes(workspace.root).decode()).joinpath(name.decode("utf-8", "surrogateescape")).write_text("x")

    assert [entry.path for entry in (await lister.folder("", depth=1)).entries] == ["plain"]
    assert (await lister.index()).paths == ["plain"]
