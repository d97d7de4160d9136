"""A folder and a project kept in step: what moved on one side is carried over, and no edit is ever lost."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from firefly.cli.folder import Folder
from firefly.cli.sync import State, Sync, conflict_name
from firefly.cli.up import name_for, pack, passing_reason
from firefly.errors import NotFound, TooLarge, Unavailable, VersionConflict
from firefly.protocol.files import Written


@dataclass
class Project:
    """The project's side: files with versions, as the bridge keeps them."""

    files: dict[str, bytes] = field(default_factory=dict)
    refuse: dict[str, Exception] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def version(self, path: str) -> str:
        return hashlib.blake2b(self.files[path], digest_size=8).hexdigest()

    async def write_file(self, path: str, data: bytes, *, version: str | None) -> Written:
        self.requests.append(f"PUT {path}")
        if path in self.refuse:
            raise self.refuse[path]
        if version != (self.version(path) if path in self.files else None):
            raise VersionConflict("Changed by someone else.")
        self.files[path] = data
        return Written(version=self.version(path), size=len(data))

    async def delete_file(self, path: str, *, version: str) -> None:
        self.requests.append(f"DELETE {path}")
        if path not in self.files:
            raise NotFound("It does not exist.")
        if version != self.version(path):
            raise VersionConflict("Changed by someone else.")
        del self.files[path]

    @asynccontextmanager
    async def open_file(self, path: str, *, headers: Mapping[str, str] = {}) -> AsyncIterator[Any]:
        self.requests.append(f"GET {path}")
        if path not in self.files:
            raise NotFound("It does not exist.")
        version, data = f'"{self.version(path)}"', self.files[path]
        status = 304 if headers.get("If-None-Match") == version else 200

        async def read() -> bytes:
            return data

        yield SimpleNamespace(status=status, headers={"ETag": version}, read=read)


@dataclass
class Pair:
    root: Path
    project: Project
    state: State
    told: list[str] = field(default_factory=list)

    @property
    def sync(self) -> Sync:
        return Sync(Folder(self.root), cast(Any, self.project), self.state, self.told.append)

    async def settle(self) -> None:
        await self.sync.settle_all(list(self.project.files))

    @property
    def here(self) -> dict[str, bytes]:
        return {path: (self.root / path).read_bytes() for path in Folder(self.root).files()}


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    root = tmp_path / "folder"
    root.mkdir()
    return Pair(root, Project(), State.load(root, "http://localhost"))


async def test_the_first_time_both_sides_get_what_the_other_has(pair: Pair) -> None:
    (pair.root / "mine.txt").write_text("mine")
    pair.project.files["theirs/deep.txt"] = b"theirs"
    await pair.settle()
    assert pair.here == pair.project.files == {"mine.txt": b"mine", "theirs/deep.txt": b"theirs"}


async def test_nothing_is_sent_when_nothing_moved(pair: Pair) -> None:
    pair.project.files["a.txt"] = b"a"
    await pair.settle()
    pair.told.clear()
    pair.project.requests.clear()
    await pair.settle()
    await pair.sync.changed_here(["a.txt"])
    await pair.sync.changed_there("a.txt", pair.project.version("a.txt"))
    assert pair.told == []
    assert pair.project.requests == ["GET a.txt"]


async def test_edits_and_deletions_are_carried_both_ways(pair: Pair) -> None:
    pair.project.files |= {"a.txt": b"a", "b.txt": b"b", "c/c.txt": b"c", "d.txt": b"d"}
    await pair.settle()
    (pair.root / "a.txt").write_text("a, edited here")
    (pair.root / "b.txt").unlink()
    await pair.sync.changed_here(["a.txt", "b.txt"])
    assert pair.project.files == {"a.txt": b"a, edited here", "c/c.txt": b"c", "d.txt": b"d"}
    pair.project.files["d.txt"] = b"d, edited there"
    del pair.project.files["c/c.txt"]
    await pair.sync.changed_there("d.txt", None)
    await pair.sync.changed_there("c", None)
    assert pair.here == {"a.txt": b"a, edited here", "d.txt": b"d, edited there"}
    assert not (pair.root / "c").exists()


async def test_of_two_edits_both_are_kept(pair: Pair) -> None:
    pair.project.files["notes.md"] = b"base"
    await pair.settle()
    (pair.root / "notes.md").write_text("edited here")
    pair.project.files["notes.md"] = b"edited there"
    await pair.sync.changed_here(["notes.md"])
    copies = [path for path in pair.here if path != "notes.md"]
    assert len(copies) == 1
    assert copies[0].startswith("notes.conflict-")
    assert pair.here == pair.project.files == {"notes.md": b"edited there", copies[0]: b"edited here"}


async def test_the_same_edit_on_both_sides_is_no_conflict(pair: Pair) -> None:
    pair.project.files["a.txt"] = b"base"
    await pair.settle()
    (pair.root / "a.txt").write_text("same")
    pair.project.files["a.txt"] = b"same"
    await pair.settle()
    assert pair.here == pair.project.files == {"a.txt": b"same"}


async def test_an_edit_outlives_a_deletion(pair: Pair) -> None:
    pair.project.files |= {"gone-here.txt": b"1", "gone-there.txt": b"2"}
    await pair.settle()
    (pair.root / "gone-here.txt").unlink()
    pair.project.files["gone-here.txt"] = b"edited there"
    (pair.root / "gone-there.txt").write_text("edited here")
    del pair.project.files["gone-there.txt"]
    await pair.settle()
    assert pair.here == pair.project.files == {"gone-here.txt": b"edited there", "gone-there.txt": b"edited here"}


async def test_what_moved_while_it_was_not_running_is_told_apart(pair: Pair) -> None:
    pair.project.files |= {"a.txt": b"a", "b.txt": b"b"}
    await pair.settle()
    pair.state.save()
    (pair.root / "a.txt").unlink()
    pair.project.files["b.txt"] = b"newer"
    pair.state = State.load(pair.root, "http://localhost")
    await pair.settle()
    assert pair.here == pair.project.files == {"b.txt": b"newer"}


async def test_what_is_ignored_stays_where_it_is(pair: Pair) -> None:
    (pair.root / ".gitignore").write_text("*.log\nbuild/\n")
    for path in ("x.log", "build/out.js", "node_modules/m.js", ".git/config", "kept.txt"):
        (pair.root / path).parent.mkdir(exist_ok=True)
        (pair.root / path).write_text(path)
    await pair.settle()
    assert set(pair.project.files) == {".gitignore", "kept.txt"}


@pytest.mark.parametrize("path", ["../evil.txt", "/etc/evil", "a/../../evil", ".git/hooks/post-checkout", "a//b", ""])
async def test_a_hostile_server_writes_nothing_outside_the_folder(pair: Pair, path: str) -> None:
    pair.project.files[path] = b"evil"
    before = sorted(pair.root.parent.rglob("*"))
    await pair.settle()
    await pair.sync.changed_there(path, None)
    assert sorted(pair.root.parent.rglob("*")) == before


async def test_names_that_are_no_text_stay_where_they_are(pair: Pair) -> None:
    (pair.root / b"\xff.txt".decode("utf-8", "surrogateescape")).write_text("x")
    (pair.root / "plain.txt").write_text("x")
    await pair.settle()
    assert set(pair.project.files) == {"plain.txt"}


async def test_a_folder_in_the_place_of_a_file_that_went_is_left_alone(pair: Pair) -> None:
    pair.project.files["a"] = b"x"
    await pair.settle()
    (pair.root / "a").unlink()
    (pair.root / "a").mkdir()
    (pair.root / "a" / "node_modules").mkdir()
    del pair.project.files["a"]
    await pair.sync.changed_there("a", None)
    assert (pair.root / "a" / "node_modules").is_dir()


async def test_links_are_neither_followed_nor_written_through(pair: Pair, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    (pair.root / "link").symlink_to(outside)
    pair.project.files["link/planted.txt"] = b"planted"
    pair.project.files["link/deep/planted.txt"] = b"planted"
    await pair.settle()
    assert [path.name for path in outside.iterdir()] == ["secret.txt"]
    assert "link/secret.txt" not in pair.project.files
    assert any("link" in line for line in pair.told)


async def test_one_refused_file_does_not_hold_up_the_others(pair: Pair) -> None:
    for name in ("a.txt", "huge.bin", "z.txt"):
        (pair.root / name).write_text(name)
    pair.project.refuse["huge.bin"] = TooLarge("The file is larger than 10 bytes.")
    await pair.settle()
    assert set(pair.project.files) == {"a.txt", "z.txt"}
    assert "! huge.bin: The file is larger than 10 bytes." in pair.told


async def test_a_lost_connection_ends_the_round_and_keeps_what_is_known(pair: Pair) -> None:
    (pair.root / "a.txt").write_text("a")
    pair.project.refuse["a.txt"] = Unavailable("The bridge does not answer.")
    with pytest.raises(ExceptionGroup) as caught:
        await pair.settle()
    assert isinstance(passing_reason(caught.value), Unavailable)
    assert pair.state.known == {}


def test_faults_of_our_own_are_not_taken_for_a_lost_connection() -> None:
    with pytest.raises(ExceptionGroup):
        passing_reason(ExceptionGroup("", [Unavailable("away"), ValueError("a fault")]))


def test_a_conflict_copy_keeps_folder_and_ending() -> None:
    assert conflict_name("a/notes.md", datetime(2026, 11, 20, 19, 30)) == "a/notes.conflict-20261120-193000.md"


@pytest.mark.parametrize(
    ("folder", "name"), [("My Site", "my-site"), ("site_2.0", "site-2-0"), ("--x--", "x"), ("a" * 60, "a" * 39)]
)
def test_a_folders_name_becomes_a_projects(folder: str, name: str) -> None:
    assert name_for(Path("/somewhere") / folder) == name


def test_a_folder_is_packed_without_this_machines_marks(tmp_path: Path) -> None:
    import io
    import tarfile

    (tmp_path / "run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "run.sh").chmod(0o755)
    folder = Folder(tmp_path)
    with tarfile.open(fileobj=io.BytesIO(pack(folder, folder.files()))) as archive:
        (entry,) = archive.getmembers()
    assert (entry.name, entry.mode, entry.uid, entry.uname, entry.mtime) == ("run.sh", 0o755, 0, "", 0)
