"""The tree of one commit: what is in it, and all of it as a tar, straight from the hosted repository.

git writes the tar from its objects. Nothing is checked out: no hook and no filter of the tree runs, no attribute of it
leaves files out or puts words into them, and what it names elsewhere (submodules, large files) is not fetched.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from firefly.errors import NotFound, TooLarge, Unavailable
from firefly.git import Git, GitFailed
from firefly.git.command import last_line, tail
from firefly.git.flow import background

from ..analysis.commit import Entry, Folders

# Where attributes are told that count more than any in the tree.
_RULES = "* -export-ignore -export-subst -text -filter -ident -working-tree-encoding\n"
_HEAD = "ref: refs/heads/none\n"
_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
_PIECE = 256 << 10
_MOST_NAMED = 5
_ENTRY = re.compile(rb"(?P<mode>\d{6}) (?P<kind>\w+) (?P<id>[0-9a-f]+) +(?P<size>\d+|-)\t(?P<path>[^\0]*)\0")
# Files and folders that are remembered, for the analyser.
_MOST_PLACED = 5000
GONE = (
    "The commit {} is not in the repository any more: its branch was forced to another one, or deleted, since it was "
    "pushed. Build the branch again."
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Files and folders, and bytes of all of them together, that a tree may have."""

    files: int
    size: int


@dataclass(frozen=True, slots=True)
class CommitTree:
    """`id` names the tree, `size` is in bytes. `submodules` are the first few paths of them.

    `folders` are all of them with what lies there, None where that is too much to keep.
    """

    reading: "TreeReading"
    repository: Path
    commit: str
    id: str
    files: int
    size: int
    submodules: tuple[str, ...]
    folders: Folders | None

    async def ids(self, paths: Sequence[str]) -> Mapping[str, str]:
        """The names of the contents of those of these files that are there."""
        if self.folders is None:
            return await self.reading.ids(self.repository, self.commit, paths)
        places = ((path, *path.rpartition("/")[::2]) for path in paths)
        found = ((path, self.folders.get(folder, {}).get(name)) for path, folder, name in places)
        return {path: entry.id for path, entry in found if entry is not None}

    def tar(self) -> AsyncGenerator[bytes, None]:
        """In pieces; to be closed. Raises Unavailable where git fails."""
        return self.reading.archive(self.repository, self.commit)


class TreeReading:
    """`folder` is a repository without anything in it, in which git is told what counts."""

    def __init__(self, git: Git, folder: Path) -> None:
        self._git = git
        self._folder = folder
        self._made = False

    def _make(self) -> None:
        for name in ("objects", "refs", "info"):
            (self._folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in (("HEAD", _HEAD), ("config", _CONFIG), ("info/attributes", _RULES)):
            path = self._folder / name
            # Another server may be reading them.
            fresh = path.with_name(f"{path.name}.{os.getpid()}")
            fresh.write_text(text)
            fresh.replace(path)
        self._made = True

    async def look(self, repository: Path, commit: str, bounds: Bounds) -> CommitTree:
        """Raises NotFound where the commit is gone, TooLarge as soon as the tree is known to be."""
        try:
            naming = self._git.run("rev-parse", "--verify", f"{commit}^{{tree}}", cwd=repository)
            async with background(naming) as named:
                seen = await self._count(repository, commit, bounds)
                id = (await named).strip()
        except GitFailed as error:
            raise NotFound(GONE.format(commit[:12])) from error
        submodules = tuple(seen.submodules)
        return CommitTree(self, repository, commit, id, seen.files, seen.size, submodules, seen.folders)

    async def _count(self, repository: Path, commit: str, bounds: Bounds) -> "_Seen":
        seen, left = _Seen(), b""
        # Folders too: a few hundred bytes of folders that hold one another are folders without end.
        arguments = ("ls-tree", "-r", "-t", "-z", "-l", "--full-tree", commit)
        async with self._git.process(*arguments, cwd=repository) as process, background(tail(process.stderr)) as err:
            assert process.stdout is not None
            while piece := await process.stdout.read(_PIECE):
                left = seen.take(left + piece)
                _check(seen.entries, seen.size, bounds)
            if await process.wait():
                raise GitFailed(process.returncode or 0, await err)
        return seen

    async def ids(self, repository: Path, commit: str, paths: Sequence[str]) -> Mapping[str, str]:
        if not paths:
            return {}
        named = await self._git.run(
            "--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", *paths, cwd=repository
        )
        entries = (entry.partition("\t") for entry in named.split("\0") if entry)
        return {path: facts.split()[2] for facts, _, path in entries}

    async def archive(self, repository: Path, commit: str) -> AsyncGenerator[bytes, None]:
        if not self._made:
            await asyncio.to_thread(self._make)
        environment = {
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted(repository / "objects"),
            "GIT_DIR": str(self._folder),
        }
        arguments = ("archive", "--format=tar", commit)
        async with (
            self._git.process(*arguments, cwd=self._folder, environment=environment) as process,
            background(tail(process.stderr)) as complaint,
        ):
            assert process.stdout is not None
            while piece := await process.stdout.read(_PIECE):
                yield piece
            if await process.wait():
                raise Unavailable(f"The tree cannot be read: {last_line(await complaint)}")


class _Seen:
    """What a listing has told so far. `entries` are files and folders."""

    def __init__(self) -> None:
        self.files, self.size, self.entries = 0, 0, 0
        self.submodules: list[str] = []
        self._within: dict[str, dict[str, Entry]] = {"": {}}

    def take(self, listed: bytes) -> bytes:
        """The next part of it; returns what belongs to one that is not whole."""
        end = 0
        for entry in _ENTRY.finditer(listed):
            end = entry.end()
            self.entries += 1
            size = int(entry["size"]) if entry["size"] != b"-" else 0
            self._count(entry["kind"], entry["path"], size)
            if self.entries <= _MOST_PLACED:
                self._place(entry["path"], Entry(entry["mode"].decode(), entry["id"].decode(), size))
        return listed[end:]

    @property
    def folders(self) -> Folders | None:
        return dict(self._within) if self.entries <= _MOST_PLACED else None

    def _count(self, kind: bytes, path: bytes, size: int) -> None:
        if kind == b"tree":
            return
        self.files += 1
        self.size += size
        if kind == b"commit" and len(self.submodules) < _MOST_NAMED:
            self.submodules.append(os.fsdecode(path))

    def _place(self, path: bytes, entry: Entry) -> None:
        """Names that are no texts are left out, as the analyser does not see them."""
        with contextlib.suppress(UnicodeDecodeError):
            folder, _, name = path.decode().rpartition("/")
            self._within.setdefault(folder, {})[name] = entry


def _quoted(path: Path) -> str:
    """As git reads it in a list that colons part."""
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _check(files: int, size: int, bounds: Bounds) -> None:
    if files > bounds.files:
        raise TooLarge(f"The tree has more than the {bounds.files:,} files and folders that a build may have.")
    if size > bounds.size:
        raise TooLarge(
            f"The files of the tree have more than the {bounds.size / (1 << 30):.3g} GiB that a build may have. Keep "
            "large files out of the repository, and fetch them in `install`."
        )
