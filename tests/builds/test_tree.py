"""Trees of commits as git writes them: whole, whatever their attributes say, within bounds."""

import asyncio
import io
import os
import subprocess
import tarfile
from contextlib import aclosing
from pathlib import Path

import pytest

from firefly.builds.analysis import CommitSource
from firefly.builds.making import tree as tree_module
from firefly.builds.making.tree import Bounds, CommitTree, TreeReading
from firefly.errors import NotFound, TooLarge
from firefly.git import Git
from tests.git import support

PLENTY = Bounds(files=1000, size=1 << 20)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return support.history(tmp_path / "copy")


@pytest.fixture
def reading(tmp_path: Path) -> TreeReading:
    (tmp_path / "home").mkdir()
    return TreeReading(Git(tmp_path / "home"), tmp_path / "reading.git")


async def look(reading: TreeReading, copy: Path, bounds: Bounds = PLENTY, commit: str = "HEAD") -> CommitTree:
    named = support.git(copy, "rev-parse", commit)
    return await reading.look(copy / ".git", named, bounds)


async def unpacked(tree: CommitTree) -> dict[str, bytes | str]:
    async with aclosing(tree.tar()) as body:
        whole = b"".join([piece async for piece in body])
    with tarfile.open(fileobj=io.BytesIO(whole)) as package:
        files = {member.name: package.extractfile(member) for member in package if member.isreg()}
        links = {member.name: member.linkname for member in package if member.issym()}
        return {**{name: file.read() for name, file in files.items() if file}, **links}


async def test_everything_is_in_it_and_nothing_is_changed(reading: TreeReading, copy: Path) -> None:
    attributes = "* export-ignore ident\nversion export-subst\ncrlf text eol=crlf\n*.x filter=evil\n"
    (copy / ".git" / "info" / "attributes").write_text("file0.txt export-ignore\n")
    files = {
        ".gitattributes": attributes.encode(), "version": b"$Format:%H$ $Id$", "crlf": b"a\nb\n", "run.x": b"x",
        "deep/er/file": b"1",
    }  # fmt: skip
    for name, content in files.items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes(content)
    (copy / os.fsdecode(b"odd\xff\n name")).write_bytes(b"2")
    os.symlink("/etc/passwd", copy / "away")
    mark = copy.parent / "ran"
    support.git(copy, "config", "filter.evil.smudge", f"touch {mark}; cat")
    support.git(copy, "config", "filter.evil.clean", "cat")
    support.git(copy, "config", "tar.tar.command", f"touch {mark}; cat")
    support.git(copy, "add", "-A")
    support.git(copy, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},libs/other")
    support.git(copy, "commit", "-qm", "Everything")
    tree = await look(reading, copy)
    assert tree.id == support.git(copy, "rev-parse", "HEAD^{tree}")
    assert tree.submodules == ("libs/other",)
    assert tree.files == 9
    found = await unpacked(tree)
    assert {name: found[name] for name in files} == files
    assert (found["away"], found["odd\udcff\n name"], found["file0.txt"]) == ("/etc/passwd", b"2", b"0\n")
    assert not mark.exists()
    ids = await tree.ids(["version", "deep/er/file", "none", ":(glob)*"])
    assert ids == {name: support.git(copy, "rev-parse", f"HEAD:{name}") for name in ("version", "deep/er/file")}


async def test_what_was_listed_is_analysed_without_another_look(
    reading: TreeReading, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    support.commit(copy, "src/deep/file", "1\n")
    tree = await look(reading, copy)
    monkeypatch.setattr(tree_module, "_MOST_PLACED", 1)
    large = await look(reading, copy)
    assert (tree.folders is not None, large.folders) == (True, None)
    git = Git(copy.parent / "home")
    found = []
    for folders in (tree.folders, large.folders):
        async with CommitSource.open(git, tree.repository, tree.commit, folders) as source:
            found.append(await asyncio.to_thread(_seen, source))
    assert found[0] == found[1] == (("file0.txt", "src"), ("deep",), ("file",), (), "1\n", False)
    assert await tree.ids(["src/deep/file", "none"]) == await large.ids(["src/deep/file", "none"])


def _seen(source: CommitSource) -> tuple[object, ...]:
    folders = [source.names(folder) for folder in ("", "src", "src/deep", "none")]
    return (*folders, source.text("src/deep/file"), source.has("src"))


async def test_what_is_too_much_is_refused_before_it_is_read(reading: TreeReading, copy: Path) -> None:
    for number in range(5):
        (copy / f"{number}").write_bytes(b"x" * 1000)
    support.git(copy, "add", "-A")
    support.git(copy, "commit", "-qm", "More")
    with pytest.raises(TooLarge, match="5 files"):
        await look(reading, copy, Bounds(files=5, size=1 << 20))
    with pytest.raises(TooLarge, match="Keep large files out"):
        await look(reading, copy, Bounds(files=6, size=4000))
    assert (await look(reading, copy, Bounds(files=6, size=6000))).files == 6


async def test_folders_without_end_are_seen_as_such(reading: TreeReading, copy: Path) -> None:
    """Thirty objects, a billion folders, no file."""
    tree = support.git(copy, "hash-object", "-t", "tree", "-w", "/dev/null")
    for level in range(30):
        made = copy.parent / f"level{level}"
        made.write_text(f"040000 tree {tree}\ta\n040000 tree {tree}\tb\n")
        with made.open() as listed:
            done = subprocess.run(  # noqa: ASYNC221
                ["git", "mktree"], cwd=copy, stdin=listed, capture_output=True, check=True, text=True
            )
        tree = done.stdout.strip()
    commit = support.git(copy, "commit-tree", "-m", "Endless", tree)
    with pytest.raises(TooLarge, match="1,000 files and folders"):
        await reading.look(copy / ".git", commit, PLENTY)


async def test_a_commit_that_was_forced_away_is_named_as_such(reading: TreeReading, copy: Path) -> None:
    with pytest.raises(NotFound, match="forced to another one"):
        await reading.look(copy / ".git", "a" * 40, PLENTY)
