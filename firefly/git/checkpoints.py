"""The checkpoints of a workspace, read from its shadow branches in the hosted repository."""

import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from ..errors import InvalidInput, NotFound
from .command import COMPARING, Git, GitFailed, tail
from .flow import Flow, background
from .repositories import Repositories
from .shadows import ROOT

MOST = 200
MOST_PATHS = 50
# The lines of larger files are not compared.
LARGEST_TEXT = 1 << 20
SETTINGS = {"core.quotePath": "false", "core.bigFileThreshold": str(LARGEST_TEXT)}
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BRANCH = re.compile(r"^Branch: (\S+)$", re.MULTILINE)
_RECORD, _END = "\x01", "\x02"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`paths` are the first of the `files` that differ from the checkpoint before; `branch` is the user's.

    `added` and `removed` are lines, of the files whose lines are compared.
    """

    id: str
    at: datetime
    branch: str
    files: int
    paths: Sequence[str]
    added: int
    removed: int


class Checkpoints:
    def __init__(self, *, git: Git, repositories: Repositories) -> None:
        self._git = git
        self._repositories = repositories

    async def list(
        self, project_id: UUID, workspace_id: UUID, *, limit: int = MOST, skip: int = 0
    ) -> Sequence[Checkpoint]:
        """The newest first."""
        path = await self._repositories.existing(project_id)
        refs = f"--glob={ROOT}/{workspace_id}/*"
        output = await self._git.run(
            "log", "--first-parent", "--diff-merges=first-parent", "--numstat", "--no-renames", "--date-order",
            "--no-textconv", "--no-ext-diff", f"--max-count={min(limit, MOST)}", f"--skip={skip}",
            "--grep=^Checkpoint$", "--author=^Firefly <firefly@localhost>$",
            f"--format={_RECORD}%H %ct%n%b{_END}", refs, "--", cwd=path, settings=SETTINGS, memory=COMPARING,
        )  # fmt: skip
        return [_read(record) for record in output.split(_RECORD)[1:]]

    async def newest(self, project_id: UUID, workspace_id: UUID) -> str | None:
        found = await self.list(project_id, workspace_id, limit=1)
        return found[0].id if found else None

    async def check(self, project_id: UUID, workspace_id: UUID, id: str) -> None:
        """Raises NotFound for what is no checkpoint of the workspace, InvalidInput for what is none of any."""
        if not _ID.fullmatch(id):
            raise InvalidInput("That is no checkpoint: it has 40 hexadecimal digits.", field="id")
        path = await self._repositories.existing(project_id)
        try:
            found = await self._git.run(
                "for-each-ref", "--count=1", f"--contains={id}", f"{ROOT}/{workspace_id}/", cwd=path
            )
        except GitFailed as error:
            raise NotFound("There is no such checkpoint.") from error
        if not found:
            raise NotFound("There is no such checkpoint.")

    async def read(self, project_id: UUID, workspace_id: UUID, id: str, name: str) -> AsyncGenerator[bytes, None]:
        """A file as it was. Raises NotFound where there was none of that name."""
        await self.check(project_id, workspace_id, id)
        path = await self._repositories.existing(project_id)
        try:
            kind = await self._git.run("cat-file", "-t", f"{id}:{name}", cwd=path)
        except (GitFailed, ValueError) as error:
            raise NotFound(f"{name} was not there then.") from error
        if kind.strip() != "blob":
            raise NotFound(f"{name} was a folder then.")
        return self._pieces(id, name, project_id)

    async def _pieces(self, id: str, name: str, project_id: UUID) -> AsyncGenerator[bytes, None]:
        path = await self._repositories.existing(project_id)
        async with (
            self._git.process("cat-file", "blob", f"{id}:{name}", cwd=path) as process,
            background(tail(process.stderr)),
        ):
            async for piece in Flow(process).output():
                yield piece


def _read(record: str) -> Checkpoint:
    facts, _, stated = record.partition(_END)
    head, _, body = facts.partition("\n")
    id, _, seconds = head.partition(" ")
    found = _BRANCH.search(body)
    files = [line.split("\t", 2) for line in stated.splitlines() if line]
    return Checkpoint(
        id=id,
        at=datetime.fromtimestamp(int(seconds), UTC),
        branch=printable(found[1].removeprefix("refs/heads/")) if found else "",
        files=len(files),
        paths=[printable(name) for *_, name in files[:MOST_PATHS]],
        added=sum(int(added) for added, *_ in files if added != "-"),
        removed=sum(int(removed) for _, removed, _ in files if removed != "-"),
    )


def printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
