"""The workspace as a whole: hello, filling it for the first time, whose it is, following pushes."""

import asyncio
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import structlog

from firefly.bridge.dispatcher import Method
from firefly.bridge.environment import Environment
from firefly.bridge.repository import Repository
from firefly.bridge.services.application import Application
from firefly.bridge.services.files import EDITABLE
from firefly.bridge.shadow.flusher import Flusher
from firefly.bridge.shadow.restoring import Restoring
from firefly.bridge.storage import Storage
from firefly.bridge.tasks import in_thread
from firefly.bridge.workspace import ANNEX, REPOSITORY, Workspace
from firefly.errors import Conflict, NotFound, StorageFull
from firefly.protocol import MAX_MESSAGE, VERSION
from firefly.protocol.application import State
from firefly.protocol.workspace import (
    CarryParams,
    Configuration,
    Configured,
    Health,
    Hello,
    HelloParams,
    Initialized,
    InitializeParams,
    Limits,
    ProjectName,
    Pulled,
    Restored,
)

if TYPE_CHECKING:
    from firefly.bridge.connection import Connection

FEATURES = ["files", "watch", "terminal", "application", "exec"]
_TEMPLATE_DATA = "template.toml"
log = structlog.get_logger()


class Kept(Configuration):
    """What is remembered on disk: everything but the secrets, and whether there were any."""

    has_secrets: bool = False


class WorkspaceService:
    def __init__(
        self,
        environment: Environment,
        workspace: Workspace,
        storage: Storage,
        repository: Repository,
        application: Application,
        flusher: Flusher,
        restoring: Restoring,
    ) -> None:
        self._environment = environment
        self._workspace = workspace
        self._storage = storage
        self._repository = repository
        self._application = application
        self._flusher = flusher
        self._restoring = restoring
        self._configuration: Configuration | None = None
        self._connected = False
        """Whether this run of the bridge saw to the repository's remote."""
        self._lock = asyncio.Lock()

    def methods(self) -> Sequence[Method[Any]]:
        return (Method("bridge.hello", HelloParams, self._hello, reading=True),)

    def busy(self) -> Iterable[str]:
        if self._lock.locked():
            yield "the workspace is being filled or brought up to date"

    def health(self) -> Health:
        unflushed = not self._flusher.status().flushed
        return Health(ready=True, protocol=VERSION, workspace_id=self._environment.workspace_id, unflushed=unflushed)

    async def _hello(self, peer: "Connection", params: HelloParams) -> Hello:
        log.info("bridge.hello", client=params.client, member=peer.member.id)
        return Hello(
            protocol=VERSION,
            workspace_id=self._environment.workspace_id,
            project=self.project,
            role=peer.member.role,
            limits=Limits(file=EDITABLE, message=MAX_MESSAGE),
            features=FEATURES,
        )

    @property
    def project(self) -> ProjectName | None:
        return self._configuration.project if self._configuration else None

    async def initialize(self, params: InitializeParams) -> Initialized:
        """Fill the empty workspace; Conflict when it is not."""
        async with self._lock:
            if not params.onto:
                self._must_be_empty()
            done = await self._clone() if params.template is None else await self._from_template(params)
            self._connected = True
            await self._application.look_again()
            return done

    async def _clone(self) -> Initialized:
        commit = await self._repository.clone()
        return Initialized(files=self._count(), commit=commit)

    async def _from_template(self, params: InitializeParams) -> Initialized:
        prepared = await asyncio.to_thread(self._copy_template, params.template or "")
        for path, text in params.files.items():
            await asyncio.to_thread(self._storage.write, path, [text.encode()])
        return await self._first_commit(prepared=prepared and not params.files)

    async def initialize_from(self, archive: Path) -> Initialized:
        """Fill the empty workspace from an uploaded archive; one that is refused leaves it empty."""
        from firefly.bridge.archive import unpack

        async with self._lock:
            self._must_be_empty()
            try:
                await in_thread(unpack, archive, self._workspace)
            except BaseException:
                await asyncio.to_thread(self._empty)
                raise
            done = await self._first_commit(prepared=False)
            self._connected = True
            await self._application.look_again()
            return done

    async def initialize_remix(self, changes: BinaryIO, *, onto: bool = False) -> Initialized:
        """Fill the empty workspace from the hosted repository, then with what another one had not committed.

        `onto`: it is not empty, but lies on a layer of the same repository.
        """
        from firefly.bridge.changes import base_of, unpack

        async with self._lock:
            if not onto:
                self._must_be_empty()
            base = await asyncio.to_thread(base_of, changes)
            commit = await self._repository.clone()
            if base == (commit or "") or (base and await self._repository.go_back(base)):
                await in_thread(unpack, changes, self._workspace)
            self._connected = True
            await self._application.look_again()
            return Initialized(files=len(self._present()), commit=await self._repository.head())

    async def settle(self) -> None:
        """For what is made ready for others to begin on."""
        async with self._lock:
            await self._repository.settle()

    async def pack_changes(self, params: CarryParams, file: BinaryIO) -> None:
        """Write what the hosted repository does not have, as `initialize_remix` takes it."""
        from firefly.bridge.carrying import Carrying

        await Carrying(self._environment, self._workspace).pack(params, file)

    @contextmanager
    def scratch(self) -> Iterator[BinaryIO]:
        """A file without a name, on the disk since it may be large."""
        self._environment.state.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=self._environment.state) as file:
            yield cast(BinaryIO, file)

    async def configure(self, configuration: Configuration) -> Configured:
        async with self._lock:
            self._configuration = configuration
            await asyncio.to_thread(self._keep, configuration)
            if configuration.filled and await asyncio.to_thread(self._restoring.is_lost):
                return Configured(lost=True)
            await self._begin(configuration)
            return Configured()

    async def _begin(self, configuration: Configuration) -> None:
        changed = self._environment.give(configuration.secrets)
        if not self._environment.quiet:
            await self._application.configure(configuration, secrets_changed=changed)
        if configuration.site is not None:
            # It has no repository, and what changes in it is nobody's work.
            return
        if not self._connected:
            await self._connect()
        if configuration.member_names:
            await asyncio.to_thread(self._name_author, configuration.member_names[0])
        self._flusher.begin()

    async def restore(self) -> Restored:
        """Bring back the files that are gone, then go on as if nothing had been. Conflict when there are any."""
        async with self._lock:
            if not await asyncio.to_thread(self._restoring.is_lost):
                raise Conflict("The workspace is not empty.")
            checkpoint = await self._restoring.restore()
            log.info("workspace.restored", checkpoint=checkpoint)
            if self._configuration is not None:
                await self._begin(self._configuration)
            return Restored(files=await asyncio.to_thread(self._count), checkpoint=checkpoint)

    async def _connect(self) -> None:
        try:
            await self._repository.connect()
            self._connected = True
        except Conflict as error:
            # A repository that the project broke is the project's to mend; everything else works without.
            log.warning("repository.broken", error=error.detail)

    async def resume(self) -> None:
        """After a restart of the sandbox: what was configured before still holds."""
        with suppress(OSError, ValueError):
            text = await asyncio.to_thread(self._kept.read_text)
            kept = Kept.model_validate_json(text)
            self._configuration = kept
            if self._environment.quiet:
                return
            if kept.has_secrets:
                self._application.board.set(State.WAITING, "Waits for the project's secrets from the server.")
            else:
                await self._application.configure(kept)

    async def pull(self, ref: str) -> Pulled:
        async with self._lock:
            return await self._repository.pull(ref)

    async def _first_commit(self, *, prepared: bool) -> Initialized:
        if prepared:
            return Initialized(files=self._count(), commit=await self._repository.copied_head(), prepared=True)
        await self._repository.connect()
        commit = await self._repository.commit_all("Start the project")
        await self._repository.publish()
        return Initialized(files=self._count(), commit=commit)

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

    def _count(self) -> int:
        count = 0
        for _, folders, files in os.walk(self._environment.workspace):
            folders[:] = [name for name in folders if name not in {REPOSITORY, ANNEX}]
            count += len(files)
        return count

    def _empty(self) -> None:
        for name in self._present():
            path = self._environment.workspace / name
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    @property
    def _kept(self) -> Path:
        return self._environment.state / "configuration.json"

    def _keep(self, configuration: Configuration) -> None:
        self._environment.state.mkdir(parents=True, exist_ok=True)
        temporary = self._kept.with_suffix(".new")
        kept = Kept(**configuration.model_dump(exclude={"secrets"}), has_secrets=bool(configuration.secrets))
        temporary.write_text(kept.model_dump_json())
        temporary.rename(self._kept)

    def _name_author(self, name: str) -> None:
        """git's defaults for commits made here; a configuration of the user's own stays."""
        path = self._environment.home / ".gitconfig"
        quoted = json.dumps(name, ensure_ascii=False)
        with suppress(FileExistsError), path.open("x") as file:
            file.write(f"[user]\n\tname = {quoted}\n\temail = {json.dumps(_address(name))}\n")


def _address(name: str) -> str:
    plain = "".join(character for character in name.lower() if character.isascii() and character.isalnum())
    return f"{plain or 'someone'}@firefly.localhost"
