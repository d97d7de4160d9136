"""The tree of one commit in a hosted repository, asked folder by folder and file by file; nothing is checked out."""

import asyncio
import contextlib
import re
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from firefly.errors import NotFound, TimedOut
from firefly.families.tree import LARGEST, MOST_NAMES
from firefly.git import Git

from .source import Source, steps

Result = TypeVar("Result")

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FILES, _FOLDER = ("100644", "100755", "100664"), "040000"
# Of the listing of one folder, and of all, in bytes; what lies behind that is not seen.
_LONGEST, _LONGEST_ALL = 4 << 20, 16 << 20
# Folders whose listings are kept, and seconds for one answer.
_MOST_FOLDERS, _PATIENCE = 200, 30.0


@dataclass(frozen=True, slots=True)
class Entry:
    mode: str
    id: str
    size: int


# What lies in each folder, by the path of that and its own name.
Folders: TypeAlias = dict[str, Mapping[str, Entry]]
_ROOT = Entry(_FOLDER, "", 0)


class CommitSource(Source):
    """For a thread other than the loop's, while the block of `open` lasts. Links and submodules are nothing."""

    def __init__(self, git: Git, repository: Path, commit: str, files: Process, known: Folders | None) -> None:
        self._git = git
        self._repository = repository
        self._commit = commit
        self._files = files
        self._loop = asyncio.get_running_loop()
        self._folders: Folders = known or {}
        self._left = _LONGEST_ALL if known is None else 0

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls, git: Git, repository: Path, commit: str, known: Folders | None = None
    ) -> AsyncIterator["CommitSource"]:
        """`commit` is a whole id. `known` are all of its folders, where they were listed already.

        Raises NotFound when the repository does not have it.
        """
        if not _COMMIT.fullmatch(commit):
            raise NotFound(f"{commit[:80]!r} is no commit.")
        async with git.process("cat-file", "--batch", cwd=repository, stdin=True) as files:
            source = cls(git, repository, commit, files, known)
            if known is None:
                source._folders[""] = await source._list("")
            yield source

    def text(self, path: str) -> str | None:
        entry = self._entry(path)
        if entry is None or entry.mode not in _FILES or entry.size > LARGEST:
            return None
        return self._wait(self._read(entry)).decode(errors="replace")

    def has(self, path: str) -> bool:
        entry = self._entry(path)
        return entry is not None and entry.mode in _FILES

    def names(self, folder: str = "") -> tuple[str, ...]:
        above = self._entry(folder)
        if above is None or above.mode != _FOLDER:
            return ()
        names = self._folder("/".join(steps(folder) or ()))
        return tuple(sorted(name for name in names if name.isprintable())[:MOST_NAMES])

    def _entry(self, path: str) -> Entry | None:
        way = steps(path)
        found = None if way is None else _ROOT
        at = ""
        for step in way or ():
            if found is None or found.mode != _FOLDER:
                return None
            found = self._folder(at).get(step)
            at = f"{at}/{step}" if at else step
        return found

    def _folder(self, path: str) -> Mapping[str, Entry]:
        """What lies in a folder that is there; nothing where too many were looked at."""
        known = self._folders.get(path)
        if known is None and len(self._folders) < _MOST_FOLDERS and self._left:
            known = self._folders[path] = self._wait(self._list(path))
        return known or {}

    async def _list(self, folder: str) -> Mapping[str, Entry]:
        wanted = ("ls-tree", "-z", "-l", "--full-tree", f"{self._commit}:{folder}")
        async with self._git.process(*wanted, cwd=self._repository) as process:
            assert process.stdout is not None
            listed = await _read_at_most(process.stdout, min(_LONGEST, self._left))
            self._left -= len(listed)
            if not listed and await process.wait():
                raise NotFound(f"There is no commit {self._commit} here.")
        return dict(_entries(listed))

    async def _read(self, entry: Entry) -> bytes:
        assert self._files.stdin is not None
        assert self._files.stdout is not None
        self._files.stdin.write(f"{entry.id}\n".encode())
        await self._files.stdin.drain()
        head = (await self._files.stdout.readline()).split()
        if len(head) != 3 or int(head[2]) != entry.size:
            raise NotFound(f"The repository lacks {entry.id}.")
        content = await self._files.stdout.readexactly(entry.size + 1)
        return content[:-1]

    def _wait(self, answer: Coroutine[Any, Any, Result]) -> Result:
        try:
            return asyncio.run_coroutine_threadsafe(answer, self._loop).result(_PATIENCE)
        except TimeoutError as error:
            raise TimedOut("git took too long.") from error


async def _read_at_most(stream: asyncio.StreamReader, most: int) -> bytes:
    listed = bytearray()
    while len(listed) < most and (piece := await stream.read(most - len(listed))):
        listed += piece
    return bytes(listed)


def _entries(listed: bytes) -> "list[tuple[str, Entry]]":
    """Those whose names are texts; a last one that is not whole is left out."""
    found = []
    for line in listed.split(b"\0")[:-1]:
        facts, _, name = line.partition(b"\t")
        mode, _, id, size = facts.split()
        with contextlib.suppress(UnicodeDecodeError):
            found.append((name.decode(), Entry(mode.decode(), id.decode(), int(size) if size.isdigit() else 0)))
    return found
