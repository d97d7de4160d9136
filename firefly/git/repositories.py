"""The hosted repositories: bare, below the data directory, with a configuration that only Firefly writes."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from uuid import UUID

from ..errors import InvalidInput, NotFound
from .command import Git

_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"
_FOLDERS = ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info")
DEFAULT_BRANCH = "main"


class Repositories:
    """`<folder>/<2 hex>/<project id>.git`. A repository appears whole, by a rename, or not at all."""

    def __init__(self, folder: Path, git: Git) -> None:
        self._folder = folder
        self._git = git

    def path(self, project_id: UUID) -> Path:
        return self._folder / project_id.hex[:2] / f"{project_id.hex}.git"

    async def existing(self, project_id: UUID) -> Path:
        """Raises NotFound when it is not here."""
        path = self.path(project_id)
        if not await asyncio.to_thread(path.is_dir):
            raise NotFound("This project has no repository.")
        return path

    async def create(self, project_id: UUID, *, prepared: Path | None = None) -> Path:
        """An empty repository, or a copy of the bare one at `prepared`."""
        return await asyncio.to_thread(self._create, project_id, prepared)

    def _create(self, project_id: UUID, prepared: Path | None) -> Path:
        fresh = self.scratch()
        try:
            if prepared is not None:
                shutil.copytree(prepared, fresh, dirs_exist_ok=True)
            write_skeleton(fresh)
            return self._move_in(project_id, fresh)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise

    def scratch(self) -> Path:
        """A folder beside the repositories, for one that is not ready yet."""
        incoming = self._folder / "incoming"
        incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=incoming, suffix=".git"))

    async def replace(self, project_id: UUID, fresh: Path) -> None:
        """Put the repository at `fresh` (made by `scratch`) in the place of the present one."""
        await asyncio.to_thread(self._replace, project_id, fresh)

    def _replace(self, project_id: UUID, fresh: Path) -> None:
        path = self.path(project_id)
        old = self.scratch()
        if path.exists():
            os.rename(path, old / "old")
        self._move_in(project_id, fresh)
        shutil.rmtree(old, ignore_errors=True)

    def _move_in(self, project_id: UUID, fresh: Path) -> Path:
        path = self.path(project_id)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        os.rename(fresh, path)
        return path

    async def remove(self, project_id: UUID) -> None:
        """Its name is free at once; what git still writes there goes with the next `sweep`."""
        await asyncio.to_thread(self._remove, self.path(project_id))

    def _remove(self, path: Path) -> None:
        old = self.scratch()
        with contextlib.suppress(FileNotFoundError):
            os.rename(path, old / "old")
        shutil.rmtree(old, ignore_errors=True)

    async def sweep(self) -> None:
        """Remove what an interrupted creation or import left."""
        await asyncio.to_thread(shutil.rmtree, self._folder / "incoming", ignore_errors=True)

    async def refs(self, project_id: UUID) -> dict[str, str]:
        """Every ref and the object that it names, but those whose names are no UTF-8: they are for git alone.

        Raises NotFound.
        """
        path = await self.existing(project_id)
        output = await self._git.run("for-each-ref", "--format=%(objectname) %(refname)", cwd=path)
        pairs = (line.partition(" ") for line in output.splitlines())
        return {ref: name for name, _, ref in pairs if is_text(ref)}

    async def default_branch(self, project_id: UUID) -> str:
        path = await self.existing(project_id)
        head = await asyncio.to_thread((path / "HEAD").read_text)
        return head.removeprefix("ref: refs/heads/").strip()


def is_text(name: str) -> bool:
    """Git's names are bytes; what is no text can neither be stored nor told."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def write_skeleton(path: Path, branch: str = DEFAULT_BRANCH) -> None:
    """What makes a folder a bare repository; a present HEAD stays, the configuration is always ours."""
    for folder in _FOLDERS:
        (path / folder).mkdir(parents=True, exist_ok=True)
    (path / "config").write_text(_CONFIG)
    if not (path / "HEAD").exists():
        set_head(path, branch)


def set_head(path: Path, branch: str) -> None:
    if branch.startswith("-") or not branch or any(char.isspace() for char in branch):
        raise InvalidInput("That is no name of a branch.", field="branch")
    (path / "HEAD").write_text(f"ref: refs/heads/{branch}\n")
