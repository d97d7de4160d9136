"""What a commit of a hosted repository says: its tree, its message, and the firefly.yml that lies in it."""

import asyncio
import contextlib
import re
from asyncio.subprocess import Process
from dataclasses import dataclass
from uuid import UUID

from ..errors import FireflyError, NotFound, Unavailable
from ..git import Git, GitFailed, Repositories
from ..protocol.errors import MANIFEST_NAME
from ..protocol.manifest import LONGEST

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
        path = await self._repositories.existing(project_id)
        try:
            async with asyncio.timeout(_LIMIT), self._git.process("cat-file", "--batch", cwd=path, stdin=True) as files:
                found = await _object(files, f"{name}^{{commit}}", _LONGEST_COMMIT)
                if found is None:
                    raise NotFound(f"There is no commit {name[:80]} in this repository.")
                commit, text = found
                # One whose message is longer than that is not read on.
                manifest = await _object(files, f"{commit}:{MANIFEST_NAME}", LONGEST) if text is not None else None
                return _facts(commit, text or "", manifest[1] if manifest else None)
        except (TimeoutError, OSError, GitFailed) as error:
            raise Unavailable(f"The repository cannot be read: {error}") from error

    async def find(self, project_id: UUID, name: str) -> CommitFacts | None:
        """As `look`; None where that is not to be had."""
        with contextlib.suppress(FireflyError):
            return await self.look(project_id, name)
        return None


async def _object(files: Process, name: str, most: int) -> tuple[str, str | None] | None:
    """The object's own name and its text, None for one that is longer; None where there is none."""
    assert files.stdin is not None
    assert files.stdout is not None
    if "\n" in name:
        return None
    files.stdin.write(name.encode("utf-8", "surrogateescape") + b"\n")
    await files.stdin.drain()
    head = (await files.stdout.readline()).split()
    if len(head) != 3 or head[1] not in {b"commit", b"blob"}:
        return None
    if int(head[2]) > most:
        return head[0].decode(), None
    content = await files.stdout.readexactly(int(head[2]) + 1)
    return head[0].decode(), content[:-1].decode(errors="replace").replace("\0", "")


def _facts(commit: str, text: str, manifest: str | None) -> CommitFacts:
    head, _, message = text.partition("\n\n")
    lines = head.splitlines()
    tree = lines[0].removeprefix("tree ") if lines else ""
    author = next((match[1] for line in lines if (match := _AUTHOR.match(line))), "")
    subject = message.strip().partition("\n")[0]
    return CommitFacts(
        commit, tree, _readable(subject)[:_LONGEST_SUBJECT], _readable(author)[:_LONGEST_NAME], message, manifest
    )


def _readable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable()).strip()
