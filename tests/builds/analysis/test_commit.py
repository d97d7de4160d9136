"""Trees of commits in hosted repositories: what lies there, and what only somebody hostile commits."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from firefly.builds.analysis import CommitSource, Plan, Source, Strategy, analyse
from firefly.errors import NotFound
from firefly.families.tree import LARGEST, MOST_NAMES
from firefly.git import Git
from tests.git.support import commit, environment, git

Result = TypeVar("Result")


@pytest.fixture
def tool(tmp_path: Path) -> Git:
    (tmp_path / "home").mkdir()
    return Git(tmp_path / "home")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


async def look(tool: Git, tree: Path, work: Callable[[Source], Result], id: str = "") -> Result:
    async with CommitSource.open(tool, tree / ".git", id or git(tree, "rev-parse", "HEAD")) as source:
        return await asyncio.to_thread(work, source)


async def plan(tool: Git, tree: Path) -> Plan:
    return await look(tool, tree, analyse)


async def test_a_commit_is_analysed_whatever_lies_in_the_folder(tool: Git, tree: Path) -> None:
    (tree / "go.mod").write_text("module x\n\ngo 1.23\n")
    first = commit(tree, "cmd/web/main.go", "package main\n")
    commit(tree, "Dockerfile", "FROM scratch\n")
    (tree / "Dockerfile").unlink()
    assert (await plan(tool, tree)).strategy is Strategy.DOCKERFILE
    found = await look(tool, tree, analyse, first)
    assert (found.family, found.versions, found.run) == ("Go", {"go": "1.23"}, ("./bin/app",))


async def test_links_and_submodules_lead_nowhere(tool: Git, tree: Path) -> None:
    (tree / "index.html").symlink_to("/etc/hostname")
    (tree / "docs").symlink_to("/etc")
    id = commit(tree)
    git(tree, "update-index", "--add", "--cacheinfo", f"160000,{id},public")
    git(tree, "commit", "-q", "-m", "Have a submodule")
    assert (await plan(tool, tree)).strategy is Strategy.NONE

    def seen(source: Source) -> object:
        paths = ("index.html", "docs/hostname", "public/index.html", "../README.md", "README.md/x", "a/" * 9999, "")
        return [(source.text(path), source.has(path)) for path in paths], source.names("docs"), source.text("README.md")

    assert await look(tool, tree, seen) == ([(None, False)] * 7, (), "hello\n")


async def test_huge_files_and_full_folders_are_not_taken_in(tool: Git, tree: Path) -> None:
    (tree / "package.json").write_text(" " * (LARGEST + 1))
    (tree / "main.py").write_text("x" * LARGEST)
    for number in range(MOST_NAMES + 50):
        (tree / f"{number}.go").touch()
    commit(tree, "go.mod", "")

    def seen(source: Source) -> object:
        text = source.text("main.py") or ""
        return source.has("package.json"), source.text("package.json"), len(text), len(source.names())

    assert await look(tool, tree, seen) == (True, None, LARGEST, MOST_NAMES)
    assert (await plan(tool, tree)).family == "Python"


async def test_strange_names_are_names(tool: Git, tree: Path) -> None:
    for name in ("a\nb", "-x", "--batch", "tab\there", "a:b", "\N{SNOWMAN}"):
        (tree / name).write_text(name)
    (tree / "cmd" / "$(id)").mkdir(parents=True)
    (tree / "cmd" / "$(id)" / "main.go").write_text("package main")
    (tree / "\udcff").touch()
    commit(tree, "go.mod", "")

    def seen(source: Source) -> object:
        return source.names(), [source.text(name) for name in ("a\nb", "-x", "a:b", "\N{SNOWMAN}")]

    names = ("--batch", "-x", "a:b", "cmd", "go.mod", "\N{SNOWMAN}")
    assert await look(tool, tree, seen) == (names, ["a\nb", "-x", "a:b", "\N{SNOWMAN}"])
    assert (await plan(tool, tree)).strategy is Strategy.NONE


async def test_a_commit_that_is_not_there_is_told(tool: Git, tree: Path) -> None:
    commit(tree)
    for id in ("0" * 40, "HEAD", "--help", "main:README.md"):
        with pytest.raises(NotFound):
            await look(tool, tree, analyse, id)


async def test_a_path_of_the_configuration_is_found_however_it_is_written(tool: Git, tree: Path) -> None:
    (tree / "firefly.yml").write_text("dockerfile: {path: ./docker//Dockerfile}")
    commit(tree, "docker/Dockerfile", "FROM scratch\nEXPOSE 80\n")
    assert (await plan(tool, tree)).port == 80


async def test_a_commit_without_files_is_a_tree_too(tool: Git, tree: Path) -> None:
    git(tree, "commit", "-q", "--allow-empty", "-m", "Begin", **environment())
    assert (await plan(tool, tree)).strategy is Strategy.NONE


async def test_of_all_folders_together_so_much_is_listed(
    tool: Git, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("a", "b", "c"):
        (tree / folder).mkdir()
        for number in range(40):
            (tree / folder / f"{number}.txt").touch()
    commit(tree)
    monkeypatch.setattr("firefly.builds.analysis.commit._LONGEST_ALL", 4000)

    def seen(source: Source) -> list[int]:
        return [len(source.names(folder)) for folder in ("a", "b", "c", "a")]

    first, second, third, again = await look(tool, tree, seen)
    assert (first, third, again) == (40, 0, 40)
    assert 0 < second < 40
