"""The workspace as a whole: hello, its configuration, being filled and restored, following pushes."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import structlog

from firefly.bridge.dispatcher import Method
from firefly.bridge.environment import Environment
from firefly.bridge.filling import Filling
from firefly.bridge.repository import Repository
from firefly.bridge.services.application import Application
from firefly.bridge.services.files import EDITABLE
from firefly.bridge.shadow.flusher import Flusher
from firefly.bridge.shadow.restoring import Restoring
from firefly.bridge.workspace import Workspace
from firefly.errors import Conflict
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
log = structlog.get_logger()


class Kept(Configuration):
    """What is remembered on disk: everything but the secrets, and whether there were any."""

    has_secrets: bool = False


class WorkspaceService:
    def __init__(
        self,
        environment: Environment,
        workspace: Workspace,
        filling: Filling,
        repository: Repository,
        application: Application,
        flusher: Flusher,
        restoring: Restoring,
    ) -> None:
        self._environment = environment
        self._workspace = workspace
        self._filling = filling
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
        async with self._being_filled():
            return await self._filling.begin(params)

    async def initialize_from(self, archive: Path) -> Initialized:
        """Fill the empty workspace from an uploaded archive; one that is refused leaves it empty."""
        async with self._being_filled():
            return await self._filling.from_archive(archive)

    async def initialize_remix(self, changes: BinaryIO, *, onto: bool = False) -> Initialized:
        """Fill the empty workspace from the hosted repository, then with what another one had not committed.

        `onto`: it is not empty, but lies on a layer of the same repository.
        """
        async with self._being_filled():
            return await self._filling.from_remix(changes, onto=onto)

    @asynccontextmanager
    async def _being_filled(self) -> AsyncIterator[None]:
        """By nobody else meanwhile; then it is known to be connected, and looked at anew for an application."""
        async with self._lock:
            yield
            self._connected = True
            await self._application.look_again()

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
            return Restored(files=await asyncio.to_thread(self._filling.count), checkpoint=checkpoint)

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
