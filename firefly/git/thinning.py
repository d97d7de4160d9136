"""Fewer checkpoints the older they get: all of a day, one an hour for a week, one a day for a month."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from ..clock import Clock
from ..errors import FireflyError, NotFound
from ..store import Database, load_queries
from .command import Git, GitFailed
from .maintenance import Maintenance
from .repositories import Repositories
from .shadows import ROOT

log = structlog.get_logger()

INTERVAL = 6 * 3600.0
HOUR, DAY = 3600, 86400
# Up to this age, in seconds: one in so many seconds.
STEPS = ((DAY, 0), (7 * DAY, HOUR), (30 * DAY, DAY))
_NICENESS = 15
_LIMIT = 120.0


@dataclass(frozen=True, slots=True)
class Kept:
    id: str
    at: int
    tree: str
    parents: tuple[str, ...]
    message: str


def thinned(checkpoints: Sequence[Kept], now: int) -> list[Kept]:
    """Those that stay, of a list with the newest first; the newest always does."""
    kept, spans = list(checkpoints[:1]), set[tuple[int, int]]()
    for one in checkpoints[1:]:
        step = next((step for most, step in STEPS if now - one.at < most), None)
        if step is None:
            continue
        span = (step, one.at // step) if step else (0, len(kept))
        if span not in spans:
            spans.add(span)
            kept.append(one)
    return kept


class Thinning:
    def __init__(
        self, *, git: Git, repositories: Repositories, maintenance: Maintenance, database: Database, clock: Clock
    ) -> None:
        self._git = git
        self._repositories = repositories
        self._maintenance = maintenance
        self._database = database
        self._clock = clock
        self._queries = load_queries("git")

    async def run(self) -> None:
        """Every few hours, until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await self.thin_all()
            # Whatever it is: it is tried again, and nobody who is served would be better off without us.
            except Exception:
                log.exception("checkpoints.not_thinned")

    async def thin_all(self) -> None:
        async with self._database.connection() as connection:
            rows = [row async for row in self._queries.flushed_projects(connection)]
        for row in rows:
            try:
                await self.thin(UUID(str(row["id"])))
            except (FireflyError, GitFailed, OSError) as error:
                log.warning("checkpoints.not_thinned", project_id=str(row["id"]), reason=str(error))

    async def thin(self, project_id: UUID) -> int:
        """The number of checkpoints that went; a shadow branch that moves meanwhile is left for the next time."""
        try:
            refs = await self._repositories.refs(project_id)
        except NotFound:
            return 0
        gone = sum([await self._thin(project_id, ref, tip) for ref, tip in refs.items() if ref.startswith(f"{ROOT}/")])
        if gone:
            self._maintenance.suggest(project_id)
        return gone

    async def _thin(self, project_id: UUID, ref: str, tip: str) -> int:
        path = self._repositories.path(project_id)
        output = await self._git.run(
            "log", "--first-parent", "--grep=^Checkpoint$", "--author=^Firefly <firefly@localhost>$",
            "--format=%x01%H %ct %T %P%n%B", tip, "--", cwd=path, limit=_LIMIT, niceness=_NICENESS,
        )  # fmt: skip
        found = [_read(record) for record in output.split("\x01")[1:]]
        kept = thinned(found, int(self._clock.now().timestamp()))
        if len(kept) < len(found):
            known, before = {one.id for one in found}, ""
            for one in reversed(kept):
                heads = [parent for parent in one.parents if parent not in known]
                before = await self._commit(project_id, one, [before, *heads] if before else heads)
            await self._git.run("update-ref", ref, before, tip, cwd=path)
        return len(found) - len(kept)

    async def _commit(self, project_id: UUID, one: Kept, parents: Sequence[str]) -> str:
        """The same checkpoint, with other parents."""
        environment = {
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "Firefly"), ("EMAIL", "firefly@localhost"), ("DATE", f"@{one.at} +0000"))
        }
        named = [part for parent in parents for part in ("-p", parent)]
        done = await self._git.run(
            "commit-tree", one.tree, *named, "-m", one.message,
            cwd=self._repositories.path(project_id), environment=environment, niceness=_NICENESS,
        )  # fmt: skip
        return done.strip()


def _read(record: str) -> Kept:
    head, _, message = record.partition("\n")
    id, at, tree, *parents = head.split()
    return Kept(id, int(at), tree, tuple(parents), message.strip() + "\n")
