"""What a commit of a hosted repository says: its tree, its message, and the firefly.yml that lies in it."""

import asyncio
import contextlib
import re
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from ...errors import FireflyError, NotFound, Unavailable
from ...git import Git, GitFailed, Repositories
from ...protocol.errors import MANIFEST_NAME
from ...protocol.manifest import LONGEST

_LONGEST_COMMIT = 1 << 20
_LONGEST_SUBJECT, _LONGEST_NAME = 200, 100
_LIMIT = 20.0
_AUTHOR = re.compile(r"author (.*?) <")


@dataclass(frozen=True, slots=True)
class CommitFacts:
    """`manifest` is the text of its firefly.yml, None where it has none or one that is too long to be read."""

    commit: str
    tree: str = ""
    subject: str = ""
    author: str = ""
    message: str = ""
    manifest: str | None = None


class Commits:
    def __init__(self, *, git: Git, repositories: Repositories) -> None:
        self._git = git
        self._repositories = repositories

    async def look(self, project_id: UUID, name: str) -> CommitFacts:
        """`name`: an object's, or a whole ref's; a tag is followed to its commit. Raises NotFound, Unavailable."""
        async with self._opened(project_id) as objects:
            facts = await objects.facts(name)
        if facts is None:
            raise NotFound(f"There is no commit {name[:80]} in this repository.")
        return facts

    async def find(self, project_id: UUID, name: str) -> CommitFacts | None:
        """As `look`; None where that is not to be had."""
        return (await self.find_each(project_id, [name]))[0]

    async def find_each(self, project_id: UUID, names: Sequence[str]) -> Sequence[CommitFacts | None]:
        """As `find`, by one process as far as that goes."""
        found: list[CommitFacts | None] = []
        while len(found) < len(names):
            found += await self._some(project_id, names[len(found) :])
        return found

    async def _some(self, project_id: UUID, names: Sequence[str]) -> Sequence[CommitFacts | None]:
        """The first of them, one at least."""
        found: list[CommitFacts | None] = []
        with contextlib.suppress(FireflyError):
            async with self._opened(project_id) as objects:
                for name in names:
                    found.append(await objects.facts(name))
                    if objects.left:
                        break
        return found or [None]

    @contextlib.asynccontextmanager
    async def _opened(self, project_id: UUID) -> AsyncIterator["_Objects"]:
        path = await self._repositories.existing(project_id)
        try:
            async with asyncio.timeout(_LIMIT), self._git.process("cat-file", "--batch", cwd=path, stdin=True) as files:
                yield _Objects(files)
        except (TimeoutError, OSError, GitFailed) as error:
            raise Unavailable(f"The repository cannot be read: {error}") from error


@dataclass
class _Objects:
    """`left`: something was too long to be read, and stands before whatever would come next."""

    files: Process
    left: bool = False

    async def facts(self, name: str) -> CommitFacts | None:
        found = await self._object(f"{name}^{{commit}}", _LONGEST_COMMIT)
        if found is None:
            return None
        commit, text = found
        # One whose message is longer than that is not read on.
        manifest = await self._object(f"{commit}:{MANIFEST_NAME}", LONGEST) if text is not None else None
        return _facts(commit, text or "", manifest[1] if manifest else None)

    async def _object(self, name: str, most: int) -> tuple[str, str | None] | None:
        """The object's own name and its text, None for one that is longer; None where there is none."""
        assert self.files.stdin is not None
        assert self.files.stdout is not None
        if "\n" in name:
            return None
        self.files.stdin.write(name.encode("utf-8", "surrogateescape") + b"\n")
        await self.files.stdin.drain()
        head = (await self.files.stdout.readline()).split()
        if len(head) != 3 or head[1] not in {b"commit", b"blob"}:
            self.left = len(head) != 2
            return None
        if int(head[2]) > most:
            self.left = True
            return head[0].decode(), None
        content = await self.files.stdout.readexactly(int(head[2]) + 1)
        return head[0].decode(), content[:-1].decode(errors="replace").replace("\0", "")


def _facts(commit: str, text: str, manifest: str | None) -> CommitFacts:
    head, _, message = text.partition("\n\n")
    lines = head.splitlines()
    tree = lines[0].removeprefix("tree ") if lines else ""
    author = next((match[1] for line in lines if (match := _AUTHOR.match(line))), "")
    subject = message.strip().partition("\n")[0]
    return CommitFacts(
        commit, tree, readable(subject)[:_LONGEST_SUBJECT], readable(author)[:_LONGEST_NAME], message, manifest
    )


def readable(text: str) -> str:
    """Without what cannot be shown."""
    return "".join(letter for letter in text if letter.isprintable()).strip()
