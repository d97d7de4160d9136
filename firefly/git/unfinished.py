"""What a workspace holds that no branch of the hosted repository has, as its shadow branches tell."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from .command import COMPARING, Git
from .repositories import Repositories
from .shadows import prefix

_HEAD = re.compile(r"^Head: ([0-9a-f]{40,64})$", re.MULTILINE)
_PUBLIC = ("--not", "--branches", "--tags")
_ALL = ("ls-tree", "-r", "--name-only", "-z")


@dataclass(frozen=True, slots=True)
class Unfinished:
    """`paths` differ from the last commit; so many `commits` were never pushed."""

    paths: Sequence[str] = ()
    commits: int = 0

    def __bool__(self) -> bool:
        return bool(self.paths or self.commits)


class UnfinishedWork:
    def __init__(self, *, git: Git, repositories: Repositories) -> None:
        self._git = git
        self._repositories = repositories

    async def of(self, project_id: UUID, workspace_id: UUID) -> Unfinished:
        """As of the newest checkpoint; without one there is nothing that the hosted repository has not. NotFound."""
        path = await self._repositories.existing(project_id)
        listed = await self._git.run(
            "for-each-ref", "--sort=-committerdate", "--format=%(objectname)", prefix(workspace_id), cwd=path
        )
        newest = listed.split()
        if not newest:
            return Unfinished()
        found = [_HEAD.search(await self._git.run("log", "-1", "--format=%B", one, cwd=path)) for one in newest]
        heads = [head[1] for head in found if head]
        count = await self._git.run("rev-list", "--count", *heads, *_PUBLIC, cwd=path) if heads else "0"
        last = found[0]
        difference = ("diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", last[1]) if last else _ALL
        names = await self._git.run(*difference, newest[0], "--", cwd=path, memory=COMPARING)
        return Unfinished(tuple(name for name in names.split("\0") if name), int(count))

    async def forget(self, project_id: UUID, workspace_id: UUID) -> None:
        """Take the shadow branches of a workspace away that is no more."""
        path = await self._repositories.existing(project_id)
        for ref, id in (await self._repositories.refs(project_id)).items():
            if ref.startswith(prefix(workspace_id)):
                await self._git.run("update-ref", "-d", ref, id, cwd=path)
