"""Templates: complete, pinned, and prepared in step with their files."""

import json
import os
import shutil
import tomllib
from pathlib import Path

import pytest

from firefly.errors import InvalidInput
from firefly.git import Git
from firefly.projects import Catalogue, Preparation
from firefly.projects.catalogue import FOLDER
from tests.git.support import git

NAMES = ["static", "vite-react", "express", "flask", "fastapi", "python"]


def test_there_are_six_in_this_order() -> None:
    assert [template.name for template in Catalogue().list()] == NAMES


def test_an_unknown_one_names_the_others() -> None:
    with pytest.raises(InvalidInput, match="static, vite-react, express, flask, fastapi, python"):
        Catalogue().get("../../etc")


@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_readme_an_ignore_list_and_the_file_to_open(name: str) -> None:
    template = Catalogue().get(name)
    description = tomllib.loads((template.folder / "template.toml").read_text())

    assert set(description) - {"warm"} == {"title", "description", "order", "icon", "language", "opens"}
    assert (template.folder / template.opens).is_file()
    assert (template.folder / "README.md").read_text().startswith("# ")
    assert (template.folder / ".gitignore").is_file()


@pytest.mark.parametrize("name", ["vite-react", "express"])
def test_packages_of_node_are_locked_and_name_no_registry(name: str) -> None:
    folder = FOLDER / name
    package, lock = (json.loads((folder / file).read_text()) for file in ("package.json", "package-lock.json"))
    wanted = package.get("dependencies", {}) | package.get("devDependencies", {})

    assert all(version[0].isdecimal() for version in wanted.values())
    assert all(lock["packages"][f"node_modules/{each}"]["version"] == wanted[each] for each in wanted)
    assert all("resolved" not in entry for entry in lock["packages"].values())
    assert all("integrity" in entry for path, entry in lock["packages"].items() if path)


@pytest.mark.parametrize("name", ["flask", "fastapi"])
def test_packages_of_python_are_pinned(name: str) -> None:
    lines = (FOLDER / name / "requirements.txt").read_text().splitlines()

    assert all("==" in line for line in lines if line and not line.startswith("#"))


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    folder = tmp_path / "templates" / "static"
    shutil.copytree(FOLDER / "static", folder)
    return folder


def preparation(tmp_path: Path) -> Preparation:
    (tmp_path / "home").mkdir(exist_ok=True)
    catalogue = Catalogue(tmp_path / "templates")
    return Preparation(data=tmp_path, git=Git(tmp_path / "home"), catalogue=catalogue)


def digest_of_head(path: Path) -> str:
    return git(path, "-c", f"safe.directory={path}", "rev-parse", "HEAD")


@pytest.fixture
def templates_here(catalogue: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("firefly.projects.catalogue.FOLDER", catalogue.parent)
    return catalogue


async def test_prepared_twice_is_prepared_once(templates_here: Path, tmp_path: Path) -> None:
    subject = preparation(tmp_path)
    await subject.open()
    made = subject.tree("static").stat().st_ino
    await subject.open()

    assert subject.tree("static").stat().st_ino == made


async def test_changed_files_are_prepared_anew(templates_here: Path, tmp_path: Path) -> None:
    subject = preparation(tmp_path)
    await subject.open()
    before = digest_of_head(subject.repository("static"))
    (templates_here / "index.html").write_text("<h1>other</h1>")
    await subject.open()

    assert digest_of_head(subject.repository("static")) == digest_of_head(subject.tree("static")) != before
    assert (subject.tree("static") / "index.html").read_text() == "<h1>other</h1>"


async def test_the_same_files_give_the_same_commit(templates_here: Path, tmp_path: Path) -> None:
    commits = set()
    for _ in range(2):
        shutil.rmtree(tmp_path / "prepared", ignore_errors=True)
        shutil.rmtree(tmp_path / "repositories", ignore_errors=True)
        subject = preparation(tmp_path)
        await subject.open()
        commits.add(digest_of_head(subject.repository("static")))

    assert len(commits) == 1


async def test_sandboxes_of_other_users_can_read_it_and_what_was_tried_out_is_left_out(
    templates_here: Path, tmp_path: Path
) -> None:
    (templates_here / "node_modules").mkdir()
    (templates_here / "node_modules" / "x.js").write_text("x")
    before = os.umask(0o077)
    try:
        subject = preparation(tmp_path)
        await subject.open()
    finally:
        os.umask(before)
    tree = subject.tree("static")

    assert all(path.stat().st_mode & 0o044 == 0o044 for path in tree.rglob("*"))
    assert not (tree / "node_modules").exists()
    assert not (tree / "template.toml").exists()
