"""Shadow branches: where a workspace's checkpoints lie in the hosted repository, and what their pushes may do."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from uuid import UUID

import structlog

from ..errors import Conflict, Forbidden, RateLimited
from .command import Git, GitFailed
from .exchange import Caller, exchange, read_commands
from .maintenance import Maintenance
from .model import RefChange, Service
from .receiving import CommandReader, ReportReader

log = structlog.get_logger()

ROOT = "refs/firefly"
LARGEST_PUSH = 256 << 20
# One workspace, on the average; whoever sends much at once has to wait until it has evened out.
BYTES_A_SECOND = 16 << 20
LEAST_PAUSE = 0.2
# Every push of these is small: as single objects they cost a repository less than a pack each.
UNPACKED = 1000
TEND_EVERY = 200
EpochOf = Callable[[UUID], Awaitable[int]]
Advanced = Callable[[UUID], Awaitable[None]]


def prefix(workspace_id: UUID) -> str:
    """Everything of one workspace is below it."""
    return f"{ROOT}/{workspace_id}/"


def settings(workspace_id: UUID) -> Mapping[str, str]:
    """git's for a workspace's own shadow branches: it sees these, adds to them, and takes nothing away."""
    shown = f"!{ROOT}/{workspace_id}"
    return {
        "receive.hideRefs": shown,
        "uploadpack.hideRefs": shown,
        "receive.maxInputSize": str(LARGEST_PUSH),
        "receive.unpackLimit": str(UNPACKED),
        "core.fsync": "committed",
    }


class Shadows:
    """`epoch_of` is the authority on which start of a workspace may write; `advanced` hears of each that did."""

    def __init__(
        self,
        *,
        git: Git,
        maintenance: Maintenance | None,
        epoch_of: EpochOf,
        advanced: Advanced | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._git = git
        self._maintenance = maintenance
        self._epoch_of = epoch_of
        self._advanced = advanced
        self._monotonic = monotonic
        self._even_at: dict[UUID, float] = {}
        self._pushed: Counter[UUID] = Counter()

    async def check(self, workspace_id: UUID, epoch: int, service: Service) -> None:
        """Raises Conflict for an old epoch, and RateLimited for a push that comes too early."""
        await self.check_epoch(workspace_id, epoch)
        wait = self._even_at.get(workspace_id, 0.0) - self._monotonic()
        if wait > 0 and service is Service.RECEIVE_PACK:
            raise RateLimited(
                f"Checkpoints come too fast, or are too large. The next is taken in {wait:.0f} s.", retry_after=wait
            )

    async def check_epoch(self, workspace_id: UUID, epoch: int) -> None:
        newest = await self._epoch_of(workspace_id)
        if epoch < newest:
            raise Conflict(
                f"This sandbox is out of date (epoch {epoch}, now {newest}): its workspace was started elsewhere "
                "since. What is edited here is not saved."
            )

    async def serve(self, caller: Caller, service: Service, epoch: int) -> None:
        """Fetch or push the caller's shadow branches. A push is no project's push: nobody is told, nothing is built."""
        own = settings(caller.workspace_id)
        if service is Service.UPLOAD_PACK:
            await exchange(self._git, caller.path, service, caller.body, caller.writer, settings=own)
            return
        report, size, changes = ReportReader(after_advertisement=True), 0, list[RefChange]()

        async def begin(commands: CommandReader) -> None:
            report.set_sideband(commands.sideband)
            check_changes(caller.workspace_id, commands.changes)
            # Again, since the pack may have been long in coming.
            await self.check_epoch(caller.workspace_id, epoch)
            changes.extend(commands.changes)

        async def body() -> AsyncIterator[bytes]:
            nonlocal size
            async for piece in read_commands(caller.body, begin):
                size += len(piece)
                yield piece

        await exchange(self._git, caller.path, service, body(), caller.writer, report=report, settings=own)
        self._even_at[caller.workspace_id] = self._monotonic() + max(size / BYTES_A_SECOND, LEAST_PAUSE)
        accepted = report.accepted(changes)
        for change in accepted:
            await self._only_forwards(caller, change)
        if accepted:
            await self._took(caller)

    async def _only_forwards(self, caller: Caller, change: RefChange) -> None:
        """git refuses other moves of branches only; here what was kept before is put back in its place."""
        if not change.old.strip("0"):
            return
        try:
            await self._git.run("merge-base", "--is-ancestor", change.old, change.new, cwd=caller.path)
        except GitFailed:
            log.warning("shadow.overwritten", workspace_id=str(caller.workspace_id), ref=change.ref)
            await self._git.run("update-ref", change.ref, change.old, change.new, cwd=caller.path)

    async def _took(self, caller: Caller) -> None:
        """Maintenance is not kept off as by a project's push: git keeps what is new, and these come all the time."""
        self._pushed[caller.project_id] += 1
        if self._maintenance is not None and self._pushed[caller.project_id] % TEND_EVERY == 0:
            self._maintenance.suggest(caller.project_id)
        if self._advanced is not None:
            await self._advanced(caller.workspace_id)


def check_changes(workspace_id: UUID, changes: Sequence[RefChange]) -> None:
    """Raises Forbidden for a ref that is not the workspace's own, and for taking one away."""
    own = prefix(workspace_id)
    for change in changes:
        if not change.new.strip("0"):
            raise Forbidden("Checkpoints are not removed from inside of a sandbox.")
        if not change.ref.startswith(own):
            raise Forbidden(f"Only checkpoints are pushed here, and {change.ref} is none.")
