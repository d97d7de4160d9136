"""What differs between two checkpoints of a workspace: which files, by how many lines, and the lines themselves."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from ..errors import InvalidInput
from .checkpoints import SETTINGS, Checkpoints, printable
from .command import COMPARING, Git, GitFailed, tail
from .flow import Flow, background
from .repositories import Repositories

MOST_FILES = 200
LARGEST_PATCH = 8 << 20
CUT = b"\nThe rest is left out: of one comparison 8 MiB are shown. Name a file.\n"
_PLAIN = ("--no-renames", "--no-textconv", "--no-ext-diff", "--no-color")
_CHANGES = {"A": "added", "D": "deleted"}


@dataclass(frozen=True, slots=True)
class FileChange:
    """`change` is added, deleted or modified. Lines are None where the file is no text, or over 1 MiB."""

    path: str
    change: str
    added: int | None
    removed: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """From `base` to `target`, both of them checkpoints or commits that one stands on; `files` differ in all."""

    base: str
    target: str
    files: int
    changes: Sequence[FileChange]


class Comparisons:
    def __init__(self, *, git: Git, repositories: Repositories, checkpoints: Checkpoints) -> None:
        self._git = git
        self._repositories = repositories
        self._checkpoints = checkpoints

    async def sides(self, project_id: UUID, workspace_id: UUID, id: str, *, now: str | None) -> tuple[str, str]:
        """A checkpoint and `now`; without that, the checkpoint before and this one. Raises NotFound."""
        await self._checkpoints.check(project_id, workspace_id, id)
        if now is not None:
            await self._checkpoints.check(project_id, workspace_id, now)
            return id, now
        return await self._before(project_id, id), id

    async def _before(self, project_id: UUID, id: str) -> str:
        """The first parent; of a commit without one, the tree of no files."""
        path = await self._repositories.existing(project_id)
        # `git show` would look for what differs, whatever it is to print.
        parents = (await self._git.run("rev-parse", f"{id}^@", cwd=path)).split()
        if parents:
            return parents[0]
        return (await self._git.run("hash-object", "-t", "tree", "/dev/null", cwd=path)).strip()

    async def compare(self, project_id: UUID, base: str, target: str, *, limit: int, skip: int) -> Comparison:
        """At most `limit` of the files, in the order of their names. Raises TooLarge where there is no end of them."""
        path = await self._repositories.existing(project_id)
        listed = await self._git.run(
            "diff-tree",
            "-r",
            "-z",
            "--name-status",
            "--no-renames",
            base,
            target,
            cwd=path,
            settings=SETTINGS,
            memory=COMPARING,
        )
        fields = listed.split("\0")
        pairs = list(zip(fields[::2], fields[1::2], strict=False))
        shown = pairs[skip : skip + min(limit, MOST_FILES)]
        lines = await self._lines(project_id, base, target, [name for _, name in shown])
        changes = [
            FileChange(printable(name), _CHANGES.get(kind, "modified"), *lines.get(name, (None, None)))
            for kind, name in shown
        ]
        return Comparison(base, target, len(pairs), changes)

    async def _lines(
        self, project_id: UUID, base: str, target: str, names: Sequence[str]
    ) -> dict[str, tuple[int | None, int | None]]:
        if not names:
            return {}
        path = await self._repositories.existing(project_id)
        listed = await self._git.run(
            "--literal-pathspecs", "diff-tree", "-r", "-z", "--numstat", *_PLAIN, base, target, "--", *names,
            cwd=path, settings=SETTINGS, memory=COMPARING,
        )  # fmt: skip
        found: dict[str, tuple[int | None, int | None]] = {}
        for record in listed.split("\0")[:-1]:
            added, removed, name = record.split("\t", 2)
            found[name] = (int(added), int(removed)) if added != "-" else (None, None)
        return found

    async def patch(
        self, project_id: UUID, base: str, target: str, name: str | None = None
    ) -> AsyncGenerator[bytes, None]:
        """As `diff -u` has it; of one file or folder, or of all. What is over 8 MiB is cut, and says so."""
        if name is not None and "\0" in name:
            raise InvalidInput("That is no name of a file.", field="path")
        path = await self._repositories.existing(project_id)
        return self._pieces(
            "--literal-pathspecs", "diff-tree", "-r", "-p", *_PLAIN, base, target, "--", *([name] if name else []),
            cwd=path,
        )  # fmt: skip

    async def _pieces(self, *arguments: str, cwd: Path) -> AsyncGenerator[bytes, None]:
        left = LARGEST_PATCH
        async with (
            self._git.process(*arguments, cwd=cwd, settings=SETTINGS, memory=COMPARING) as process,
            background(tail(process.stderr)) as complaint,
        ):
            async for piece in Flow(process).output():
                yield piece[:left]
                left -= len(piece)
                if left < 0:
                    yield CUT
                    return
            if status := await process.wait():
                raise GitFailed(status, await complaint)
