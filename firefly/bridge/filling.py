"""Filling a workspace for the first time: from a template, the hosted repository, an archive or another workspace."""

import asyncio
import os
import shutil
from pathlib import Path
from typing import BinaryIO

from firefly.bridge.environment import Environment
from firefly.bridge.repository import Repository
from firefly.bridge.storage import Storage
from firefly.bridge.tasks import in_thread
from firefly.bridge.workspace import ANNEX, REPOSITORY, Workspace
from firefly.errors import Conflict, NotFound, StorageFull
from firefly.protocol.workspace import Initialized, InitializeParams

_TEMPLATE_DATA = "template.toml"


class Filling:
    """Whoever calls lets nobody else fill the workspace meanwhile. All raise Conflict where it is not empty."""

    def __init__(
        self, environment: Environment, workspace: Workspace, storage: Storage, repository: Repository
    ) -> None:
        self._environment = environment
        self._workspace = workspace
        self._storage = storage
        self._repository = repository

    async def begin(self, params: InitializeParams) -> Initialized:
        """From a template, or from the hosted repository; with `onto` it may lie on a layer of that already."""
        if not params.onto:
            self._must_be_empty()
        if params.template is None:
            commit = await self._repository.clone()
            return Initialized(files=self.count(), commit=commit)
        prepared = await asyncio.to_thread(self._copy_template, params.template)
        for path, text in params.files.items():
            await asyncio.to_thread(self._storage.write, path, [text.encode()])
        return await self._first_commit(prepared=prepared and not params.files)

    async def from_archive(self, archive: Path) -> Initialized:
        """One that is refused leaves it empty."""
        from firefly.bridge.archive import unpack

        self._must_be_empty()
        try:
            await in_thread(unpack, archive, self._workspace)
        except BaseException:
            await asyncio.to_thread(self._empty)
            raise
        return await self._first_commit(prepared=False)

    async def from_remix(self, changes: BinaryIO, *, onto: bool) -> Initialized:
        """From the hosted repository, then with what another workspace had not committed."""
        from firefly.bridge.changes import base_of, unpack

        if not onto:
            self._must_be_empty()
        base = await asyncio.to_thread(base_of, changes)
        commit = await self._repository.clone()
        if base == (commit or "") or (base and await self._repository.go_back(base)):
            await in_thread(unpack, changes, self._workspace)
        return Initialized(files=len(self._present()), commit=await self._repository.head())

    def count(self) -> int:
        """Its files, without git's."""
        count = 0
        for _, folders, files in os.walk(self._environment.workspace):
            folders[:] = [name for name in folders if name not in {REPOSITORY, ANNEX}]
            count += len(files)
        return count

    async def _first_commit(self, *, prepared: bool) -> Initialized:
        if prepared:
            return Initialized(files=self.count(), commit=await self._repository.copied_head(), prepared=True)
        await self._repository.connect()
        commit = await self._repository.commit_all("Start the project")
        await self._repository.publish()
        return Initialized(files=self.count(), commit=commit)

    def _copy_template(self, name: str) -> bool:
        """Whether the copy came with its history."""
        prepared = self._environment.prepared / name if self._environment.prepared else None
        source = prepared if prepared and prepared.is_dir() else self._environment.templates / name
        if not source.is_dir():
            raise NotFound(f"There is no template {name}.")
        try:
            ignore = shutil.ignore_patterns(_TEMPLATE_DATA, "__pycache__")
            # With ordinary permissions whatever the installed package has.
            shutil.copytree(
                source, self._environment.workspace, copy_function=shutil.copyfile, symlinks=True, dirs_exist_ok=True,
                ignore=ignore,
            )  # fmt: skip
        except shutil.Error as error:
            raise StorageFull(f"The template could not be copied: {error.args[0][0][2]}") from error
        return source is prepared and (source / REPOSITORY).is_dir()

    def _must_be_empty(self) -> None:
        if self._present():
            raise Conflict("The workspace is not empty.")

    def _present(self) -> list[str]:
        return [name for name in os.listdir(self._environment.workspace) if name not in {REPOSITORY, ANNEX}]

    def _empty(self) -> None:
        for name in self._present():
            path = self._environment.workspace / name
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
