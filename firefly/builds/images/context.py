"""What a Dockerfile is given: the commit's tree as a tar, without what .dockerignore names."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

from firefly.builds.analysis.commit import CommitSource
from firefly.builds.trees import Entry, entries, pack
from firefly.errors import InvalidInput, TooLarge
from firefly.git import Git
from firefly.protocol.manifest import Dockerfile
from firefly.sandbox.terms import size

from . import ignoring
from .ignoring import Ignored


@dataclass(frozen=True, slots=True)
class Texts:
    """Of the Dockerfile, and of the file that says what it is not given; None where there is none."""

    dockerfile: str | None
    ignore_name: str
    ignore: str | None


async def texts(git: Git, repository: Path, commit: str, wanted: Dockerfile) -> Texts:
    """Raises NotFound where the repository does not have the commit."""

    async with CommitSource.open(git, repository, commit) as source:
        return await asyncio.to_thread(_texts, source, wanted)


def _texts(source: CommitSource, wanted: Dockerfile) -> Texts:
    """A Dockerfile's own list of what it is not given counts before the tree's."""
    own = f"{wanted.path}{ignoring.NAME}"
    name = own if source.has(own) else ignoring.NAME
    return Texts(source.text(wanted.path), name, source.text(name))


class Context:
    """`most` bytes are sent to the engine at most."""

    def __init__(self, git: Git, repository: Path, commit: str, *, most: int) -> None:
        self._git = git
        self._repository = repository
        self._commit = commit
        self._most = most

    async def chosen(self, wanted: Dockerfile, found: Texts) -> Sequence[Entry]:
        """What is sent. Raises InvalidInput, TooLarge, NotFound."""
        try:
            ignored = Ignored(found.ignore or "")
        except ValueError as error:
            raise InvalidInput(f"{found.ignore_name} cannot be read: {error}.", field="dockerfile") from error
        everything = await entries(self._git, self._repository, self._commit)
        chosen = [entry for entry in everything if entry.path == wanted.path or entry.path not in ignored]
        total = sum(entry.size for entry in chosen)
        if total > self._most:
            raise TooLarge(
                f"The files that the Dockerfile is given take up {size(total)}; the most here is {size(self._most)}. "
                f"Name what it does not need in {ignoring.NAME}."
            )
        return chosen

    def pack(self, chosen: Sequence[Entry]) -> AsyncGenerator[bytes, None]:
        return pack(self._git, self._repository, chosen)
