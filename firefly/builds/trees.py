"""The tree of a commit as a tar, straight from the repository: no checkout, no attribute, no hook has a say in it."""

import asyncio
import tarfile
from asyncio import StreamReader
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

from firefly.errors import NotFound, TooLarge
from firefly.git import Git

LINK, SUBMODULE = "120000", "160000"
EXECUTABLE = "100755"
# Of the listing, in bytes: some hundred thousand files.
LONGEST = 64 << 20
LONGEST_LINK = 4096
PIECE = 1 << 18
# Always the same, so that the same tree is the same tar; archives of ZIP know no earlier year.
MOMENT = 315_619_200
_BLOCK, _END = 512, bytes(10240)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, or a link; of a submodule, which is not fetched, its empty folder."""

    mode: str
    id: str
    size: int
    path: str


async def entries(git: Git, repository: Path, commit: str) -> Sequence[Entry]:
    """All of a commit's tree. Raises NotFound, TooLarge."""
    wanted = ("ls-tree", "-r", "-z", "-l", "--full-tree", commit)
    async with git.process(*wanted, cwd=repository) as process:
        assert process.stdout is not None
        listed = bytearray()
        while piece := await process.stdout.read(PIECE):
            listed += piece
            if len(listed) > LONGEST:
                raise TooLarge("The tree has more files than can be built.")
        if await process.wait():
            raise NotFound(f"There is no commit {commit} here.")
    return await asyncio.to_thread(lambda: [_entry(line) for line in bytes(listed).split(b"\0")[:-1]])


def _entry(line: bytes) -> Entry:
    facts, _, name = line.partition(b"\t")
    mode, _, id, size = facts.decode().split()
    return Entry(mode, id, int(size) if size.isdigit() else 0, name.decode("utf-8", "surrogateescape"))


async def pack(git: Git, repository: Path, chosen: Sequence[Entry]) -> AsyncGenerator[bytes, None]:
    """The tar of these entries, in pieces. Raises NotFound where the repository lacks one."""
    async with git.process("cat-file", "--batch", cwd=repository, stdin=True) as process:
        asking = asyncio.create_task(_ask(process, chosen))
        try:
            for entry in chosen:
                async for piece in _member(process, entry):
                    yield piece
            yield _END
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)


async def _ask(process: Process, chosen: Sequence[Entry]) -> None:
    """Ahead of the answers, as far as the pipe takes it."""
    assert process.stdin is not None
    for entry in chosen:
        if entry.mode != SUBMODULE:
            process.stdin.write(f"{entry.id}\n".encode())
            await process.stdin.drain()


async def _member(process: Process, entry: Entry) -> AsyncGenerator[bytes, None]:
    if entry.mode == SUBMODULE:
        yield _head(entry, tarfile.DIRTYPE)
        return
    assert process.stdout is not None
    said = (await process.stdout.readline()).split()
    if len(said) != 3 or int(said[2]) != entry.size or (entry.mode == LINK and entry.size > LONGEST_LINK):
        raise NotFound(f"The repository lacks {entry.id}.")
    if entry.mode == LINK:
        target = await process.stdout.readexactly(entry.size)
        yield _head(entry, tarfile.SYMTYPE, target.decode("utf-8", "surrogateescape"))
    else:
        yield _head(entry, tarfile.REGTYPE)
        async for piece in _content(process.stdout, entry.size):
            yield piece
        yield bytes(-entry.size % _BLOCK)
    await process.stdout.readexactly(1)


async def _content(stream: StreamReader, left: int) -> AsyncGenerator[bytes, None]:
    while left:
        piece = await stream.read(min(PIECE, left))
        if not piece:
            raise NotFound("The repository cannot be read.")
        left -= len(piece)
        yield piece


def _head(entry: Entry, kind: bytes, target: str = "") -> bytes:
    made = tarfile.TarInfo(entry.path)
    made.type, made.linkname, made.mtime = kind, target, MOMENT
    made.size = entry.size if kind == tarfile.REGTYPE else 0
    made.mode = 0o755 if entry.mode == EXECUTABLE or kind == tarfile.DIRTYPE else 0o644
    return made.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
