"""Copying a hosted repository to another project: its branches and tags, what they reach, and nothing else."""

import asyncio
import os
import shutil
from collections import OrderedDict
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from ..errors import Unavailable
from .command import Git, GitFailed
from .repositories import Repositories, write_skeleton

_PUBLIC = ("refs/heads/", "refs/tags/")
LONGEST = 900.0
# Bytes of a pack from which on copying it takes longer than looking what is in it.
LINKED = 8 << 20


# Copies of one project often follow each other: so many are remembered, of few objects beside large packs.
MOST_KNOWN, MOST_LEFT = 32, 1000


@dataclass(frozen=True, slots=True)
class Parts:
    """The indices of packs with nothing else in them, and the names of all other objects."""

    packs: tuple[Path, ...]
    left: tuple[str, ...]


class Copier:
    """Shadow branches, what was pushed and thrown away, and every other object that no branch or tag reaches stay."""

    def __init__(self, *, git: Git, repositories: Repositories) -> None:
        self._git = git
        self._repositories = repositories
        self._known: OrderedDict[tuple[tuple[str, ...], tuple[Path, ...]], Parts] = OrderedDict()

    async def copy(self, source: UUID, target: UUID) -> str:
        """Put a copy of `source`'s repository in the place of `target`'s; returns the default branch.

        Raises NotFound, Unavailable. Cancelling leaves the old repository.
        """
        origin = await self._repositories.existing(source)
        branch = await self._repositories.default_branch(source)
        found = await self._repositories.refs(source)
        refs = {ref: name for ref, name in found.items() if ref.startswith(_PUBLIC)}
        fresh = await asyncio.to_thread(self._repositories.scratch)
        try:
            await asyncio.to_thread(write_skeleton, fresh, branch)
            if refs:
                await self._pack(origin, fresh, refs)
            await self._repositories.replace(target, fresh)
        except GitFailed as error:
            raise Unavailable(f"The repository cannot be copied: {error}.") from error
        finally:
            await asyncio.to_thread(shutil.rmtree, fresh, ignore_errors=True)
        return branch

    async def holds(self, project_id: UUID, commits: Sequence[str]) -> bool:
        """Whether all these commits can be seen from the project's branches and tags."""
        path = await self._repositories.existing(project_id)
        try:
            missing = await self._git.run(
                "rev-list", "--max-count=1", *commits, "--not", "--branches", "--tags", cwd=path
            )
        except GitFailed:
            return False
        return not missing.strip()

    async def is_large(self, project_id: UUID, commit: str, *, files: int, telling: Set[str]) -> bool:
        """Whether a commit has so many files, or one of those that are `telling`."""
        path = await self._repositories.existing(project_id)
        try:
            listed = await self._git.run("ls-tree", "-r", "--name-only", "-z", commit, cwd=path)
        except GitFailed:
            return False
        names = listed.split("\0")
        return len(names) > files or not telling.isdisjoint(names)

    async def _pack(self, origin: Path, fresh: Path, refs: dict[str, str]) -> None:
        """Large packs with nothing else in them are linked: nobody ever writes to a pack. The rest is packed anew."""
        parts = await self._parts(origin, tuple(sorted(set(refs.values()))))
        for index in parts.packs:
            await asyncio.to_thread(_link, index, fresh)
        if parts.left:
            # As it lies there: what is packed already is neither unpacked nor compressed again.
            pack = ("pack-objects", "--quiet", "--delta-base-offset", str(fresh / "objects/pack/pack"))
            wanted = "".join(f"{name}\n" for name in parts.left)
            await self._git.run(*pack, cwd=origin, input=wanted.encode(), limit=LONGEST)
        lines = "".join(f"{name} {ref}\n" for ref, name in sorted(refs.items()))
        await asyncio.to_thread((fresh / "packed-refs").write_text, lines)

    async def _parts(self, origin: Path, heads: tuple[str, ...]) -> Parts:
        """What the heads reach never changes, nor what is in a pack of a name."""
        packs = tuple(await asyncio.to_thread(_large_packs, origin))
        key = heads, packs
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        parts = await self._look(origin, heads, packs)
        if len(parts.left) <= MOST_LEFT:
            self._known[key] = parts
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return parts

    async def _look(self, origin: Path, heads: tuple[str, ...], packs: Sequence[Path]) -> Parts:
        listed = await self._git.run("rev-list", "--objects", "--no-object-names", *heads, cwd=origin, limit=LONGEST)
        left, linked = set(listed.split()), list[Path]()
        for index in packs:
            held = await self._held(origin, index)
            if held <= left:
                linked.append(index)
                left -= held
        return Parts(tuple(linked), tuple(sorted(left)))

    async def _held(self, origin: Path, index: Path) -> set[str]:
        content = await asyncio.to_thread(index.read_bytes)
        shown = await self._git.run("show-index", cwd=origin, input=content, limit=LONGEST)
        return {line.split()[1] for line in shown.splitlines()}


def _large_packs(repository: Path) -> list[Path]:
    """Their indices."""
    packs = sorted((repository / "objects" / "pack").glob("*.pack"))
    return [pack.with_suffix(".idx") for pack in packs if pack.stat().st_size >= LINKED]


def _link(index: Path, repository: Path) -> None:
    for file in (index.with_suffix(".pack"), index):
        os.link(file, repository / "objects" / "pack" / file.name)
