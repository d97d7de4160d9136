"""What a Dockerfile is given: the commit's tree as a tar, without what .dockerignore names."""

import asyncio
import re
import tarfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

from firefly.builds.analysis.commit import CommitSource
from firefly.builds.making.tree import CommitTree
from firefly.errors import InvalidInput, TooLarge, Unavailable
from firefly.git import Git
from firefly.protocol.manifest import Dockerfile
from firefly.sandbox.terms import size

from . import ignoring
from .ignoring import Ignored

BLOCK = 512
_END = bytes(10240)
_LONG_NAME = re.compile(rb"\d+ path=([^\n]*)\n")


@dataclass(frozen=True, slots=True)
class Texts:
    """Of the Dockerfile, and of the file that says what it is not given; None where there is none."""

    dockerfile: str | None
    ignore_name: str
    ignore: str | None

    def ignored(self) -> Ignored:
        """Raises InvalidInput."""
        try:
            return Ignored(self.ignore or "")
        except ValueError as error:
            raise InvalidInput(f"{self.ignore_name} cannot be read: {error}.", field="dockerfile") from error


async def texts(git: Git, tree: CommitTree, wanted: Dockerfile) -> Texts:
    async with CommitSource.open(git, tree.repository, tree.commit) as source:
        return await asyncio.to_thread(_texts, source, wanted)


def _texts(source: CommitSource, wanted: Dockerfile) -> Texts:
    """A Dockerfile's own list of what it is not given counts before the tree's."""
    own = f"{wanted.path}{ignoring.NAME}"
    name = own if source.has(own) else ignoring.NAME
    return Texts(source.text(wanted.path), name, source.text(name))


class _Blocks:
    """A tar as it comes, cut anywhere."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    async def take(self, length: int) -> bytes:
        """Raises Unavailable where there is no more."""
        return b"".join([piece async for piece in self.pass_on(length)])

    async def pass_on(self, length: int) -> AsyncIterator[bytes]:
        while length:
            if not self._left:
                self._left = await anext(self._pieces, b"")
                if not self._left:
                    raise Unavailable("The tree cannot be read to its end.")
            piece, self._left = self._left[:length], self._left[length:]
            length -= len(piece)
            yield piece


async def pack(tree: CommitTree, wanted: Dockerfile, ignored: Ignored, *, most: int) -> AsyncGenerator[bytes, None]:
    """In pieces; to be closed. Raises TooLarge beyond `most` bytes of files, Unavailable."""
    total = 0
    async with aclosing(tree.tar()) as pieces:
        blocks = _Blocks(pieces)
        async for head, name, length in _members(blocks):
            chosen = name.rstrip("/") == wanted.path or name.rstrip("/") not in ignored
            total += length if chosen else 0
            if total > most:
                raise TooLarge(
                    f"The files that the Dockerfile is given take up more than {size(most)}, the most here. Name what "
                    f"it does not need in {ignoring.NAME}."
                )
            if chosen:
                yield head
            async for piece in blocks.pass_on(length + -length % BLOCK):
                if chosen:
                    yield piece
        yield _END


async def _members(blocks: _Blocks) -> AsyncIterator[tuple[bytes, str, int]]:
    """The head of each, with what comes before it, its name, and the bytes of content that are to be read then."""
    before, long_name = b"", b""
    while (head := await blocks.take(BLOCK)) != bytes(BLOCK):
        info = tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
        if info.type in (tarfile.XHDTYPE, tarfile.XGLTYPE):
            content = await blocks.take(info.size + -info.size % BLOCK)
            if info.type == tarfile.XHDTYPE:
                found = _LONG_NAME.search(content)
                before, long_name = head + content, found[1] if found else b""
            continue
        name = long_name.decode("utf-8", "surrogateescape") if long_name else info.name
        yield before + head, name, info.size if info.isreg() else 0
        before, long_name = b"", b""
