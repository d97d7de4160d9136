"""What differs between checkpoints: of every kind of file, page by page, and never more than is bearable."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from firefly.errors import InvalidInput, NotFound, TooLarge
from firefly.git import Checkpoints, Comparisons, FileChange, GitFailed, command, comparison
from firefly.git.comparison import CUT, LARGEST_PATCH
from firefly.git.shadows import prefix

from .conftest import Hosted
from .support import git

LARGE = b"line\n" * 300_000


@dataclass
class Kept:
    """Two checkpoints of a workspace, on nothing."""

    comparisons: Comparisons
    project_id: UUID
    workspace: UUID
    first: str
    second: str

    async def sides(self, id: str, now: str | None = None) -> tuple[str, str]:
        return await self.comparisons.sides(self.project_id, self.workspace, id, now=now)

    async def changes(self, base: str, target: str, *, limit: int = 50, skip: int = 0) -> list[FileChange]:
        found = await self.comparisons.compare(self.project_id, base, target, limit=limit, skip=skip)
        return list(found.changes)

    async def patch(self, base: str, target: str, name: str | None = None) -> bytes:
        return b"".join([piece async for piece in await self.comparisons.patch(self.project_id, base, target, name)])


@pytest.fixture
async def kept(hosted: Hosted, tmp_path: Path) -> Kept:
    folder, workspace = tmp_path / "made", uuid4()
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    made = []
    for texts in (
        {"note": b"one\ntwo\n", "gone": b"x\n", "*": b"a star\n", "picture": b"\0one", "log": LARGE},
        {"note": b"one\n2\n", "*": b"a star\n", "na\u00efve\ttab": b"new\n", "picture": b"\0two", "log": LARGE + b"x"},
    ):
        for path in folder.iterdir():
            if path.is_file():
                path.unlink()
        for name, text in texts.items():
            (folder / name).write_bytes(text)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", "Checkpoint")
        made.append(git(folder, "rev-parse", "HEAD"))
    path = hosted.repositories.path(hosted.project_id)
    git(path, "fetch", "-q", str(folder), f"HEAD:{prefix(workspace)}main")
    checkpoints = Checkpoints(git=hosted.tool, repositories=hosted.repositories)
    comparisons = Comparisons(git=hosted.tool, repositories=hosted.repositories, checkpoints=checkpoints)
    return Kept(comparisons, hosted.project_id, workspace, *made)


async def test_files_are_listed_with_their_lines(kept: Kept) -> None:
    assert await kept.sides(kept.second) == (kept.first, kept.second)
    expected = [
        FileChange("gone", "deleted", 0, 1),
        FileChange("log", "modified", None, None),
        FileChange("na\u00efve\ttab", "added", 1, 0),
        FileChange("note", "modified", 1, 1),
        FileChange("picture", "modified", None, None),
    ]
    assert await kept.changes(kept.first, kept.second) == expected
    found = await kept.comparisons.compare(kept.project_id, kept.first, kept.second, limit=2, skip=1)
    assert (found.files, found.changes) == (5, expected[1:3])
    assert await kept.changes(kept.first, kept.second, skip=9) == []
    assert await kept.changes(kept.second, kept.second) == []


async def test_the_first_has_nothing_before_it(kept: Kept) -> None:
    base, target = await kept.sides(kept.first)
    assert (target, {one.change for one in await kept.changes(base, target)}) == (kept.first, {"added"})
    assert b"+two" in await kept.patch(base, target, "note")


async def test_a_patch_is_of_one_file_or_of_all_and_ends_where_it_is_too_long(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    patch = await kept.patch(kept.first, kept.second, "note")
    assert patch.endswith(b"@@ -1,2 +1,2 @@\n one\n-two\n+2\n")
    assert await kept.patch(kept.first, kept.second, "*") == b"", "a name is a name, no pattern"
    whole = await kept.patch(kept.first, kept.second)
    assert b"Binary files a/log and b/log differ" in whole
    assert len(whole) < LARGEST_PATCH
    monkeypatch.setattr("firefly.git.comparison.LARGEST_PATCH", 100)
    assert await kept.patch(kept.first, kept.second) == whole[:100] + CUT


async def test_only_the_workspace_s_own_are_compared(kept: Kept) -> None:
    assert await kept.sides(kept.first, kept.second) == (kept.first, kept.second)
    for id, now, error in (
        ("1" * 40, None, NotFound),
        (kept.first, "1" * 40, NotFound),
        ("--all", None, InvalidInput),
    ):
        with pytest.raises(error):
            await kept.sides(id, now)
    kept.workspace = uuid4()
    with pytest.raises(NotFound):
        await kept.sides(kept.first)


async def test_folders_that_hold_one_another_without_end_fill_no_memory(
    kept: Kept, hosted: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hosted.repositories.path(kept.project_id)
    tree = git(path, "rev-parse", f"{kept.first}^{{tree}}")
    for _ in range(8):
        listed = "".join(f"040000 tree {tree}\tfolder{number}\n" for number in range(30))
        tree = (await hosted.tool.run("mktree", cwd=path, input=listed.encode())).strip()
    bomb = git(path, "commit-tree", tree, "-p", kept.first, "-m", "Checkpoint")
    git(path, "update-ref", f"{prefix(kept.workspace)}main", bomb)
    sides = await kept.sides(bomb)
    # What git gets takes it some seconds to fill.
    monkeypatch.setattr(comparison, "COMPARING", 24 << 20)
    with pytest.raises(TooLarge):
        await kept.changes(*sides)
    with pytest.raises(GitFailed, match="out of memory"):
        await kept.patch(*sides)
    monkeypatch.setattr(command, "LONGEST", 1 << 20)
    with pytest.raises(TooLarge):
        await hosted.tool.run("ls-tree", "-r", bomb, cwd=path)
