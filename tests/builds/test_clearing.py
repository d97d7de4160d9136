"""What nobody needs any more goes, and nothing else: by itself, when somebody asks, and in a rehearsal not at all."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from firefly.artifacts import FileArtifactStore
from firefly.builds.clearing.clearing import Clearing
from firefly.builds.clearing.old_logs import OldLogs
from firefly.builds.clearing.part import Cleared
from firefly.builds.clearing.strays import Strays
from firefly.builds.log import Logs
from firefly.builds.packing.artifacts import Artifacts
from firefly.bus import Bus
from firefly.clock import SystemClock
from firefly.errors import NotFound, StorageFull
from firefly.store import Database
from firefly.testing.clock import ManualClock
from tests.builds.holding import some_hold
from tests.builds.log.conftest import texts
from tests.builds.test_artifacts import pieces
from tests.builds.yard import Yard


@pytest.fixture
def store(tmp_path: Path) -> FileArtifactStore:
    return FileArtifactStore(tmp_path / "artifacts")


async def put(store: FileArtifactStore, content: bytes) -> str:
    return (await store.put(pieces(content), limit=1 << 20)).digest


async def test_bytes_that_no_row_names_go_and_those_that_one_names_or_will_name_stay(
    database: Database, clock: ManualClock, store: FileArtifactStore
) -> None:
    artifact = await Artifacts(database, store, clock).add(pieces(b"named"), "archive", await some_hold(database))
    named = (await Artifacts(database, store, clock).get(artifact.digest)).stored
    whole = b"".join([piece async for piece in await store.read(named)])
    # As servers leave it that were killed before they wrote a row, and one whose row is about to come.
    stray, late = await put(store, b"stray"), await put(store, b"late")
    assert await put(store, whole) == named

    async def name_the_late_one() -> None:
        async with database.connection() as connection:
            await connection.execute("insert into discarded_artifacts (stored) values ($1)", late)

    strays = Strays(database, store, clock, rest=name_the_late_one)
    assert await strays.clear(dry=False) == Cleared()
    clock.advance(timedelta(days=2).total_seconds())
    assert (await strays.clear(dry=True)).count == 3
    assert await strays.clear(dry=False) == Cleared(2, len(b"stray"))
    assert await store.find(stray) is None
    assert await store.find(late)
    assert await strays.clear(dry=False) == Cleared()
    await store.remove(named)
    assert await store.find(named) is None


async def logged(yard: Yard, logs: Logs, *, days_ago: int, shown: bool = False) -> UUID:
    """A build that ended, with a log; `shown`: a site shows it."""
    hold = await some_hold(yard.database)
    build = await yard.records.find(hold.build_id)
    assert build
    async with logs.writing(build) as log, log.step("build") as step:
        await step.write(b"one\ntwo\n")
    await yard.execute(
        "update builds set state = 'succeeded', ended_at = $2 where id = $1",
        build.id, yard.clock.now() - timedelta(days=days_ago),
    )  # fmt: skip
    if shown:
        await yard.execute(
            "insert into sites (id, project_id, build_id, shows, ref, label, state, created_at)"
            " values ($1, $2, $3, 'ref', 'refs/heads/main', '', 'live', now())",
            uuid4(), build.project_id, build.id,
        )  # fmt: skip
    return build.id


async def test_logs_are_kept_for_so_many_days_and_longer_while_a_site_shows_the_build(
    yard: Yard, database: Database, bus: Bus
) -> None:
    logs = Logs(database, bus, SystemClock(), most=1 << 20)
    old, shown, new = [
        await logged(yard, logs, days_ago=40), await logged(yard, logs, days_ago=40, shown=True),
        await logged(yard, logs, days_ago=20),
    ]  # fmt: skip
    assert await OldLogs(database, yard.clock, days=0).clear(dry=False) == Cleared()
    month = OldLogs(database, yard.clock, days=30)
    would = await month.clear(dry=True)
    assert await _texts(yard, logs, old) == ["one", "two"]
    assert await month.clear(dry=False) == would
    assert (would.count, would.bytes > 0) == (1, True)
    assert await _texts(yard, logs, old) == ["What was printed here was kept for 30 days."]
    assert [await _texts(yard, logs, each) for each in (shown, new)] == [["one", "two"]] * 2
    assert [step.name for step in await logs.records.steps(old)] == ["build"]
    assert await month.clear(dry=False) == Cleared()


async def _texts(yard: Yard, logs: Logs, build_id: UUID) -> list[str]:
    build = await yard.records.find(build_id)
    assert build
    return await texts(logs, build)


class Heap:
    """A part with `left` in it, which is away while it is `away`."""

    every = timedelta(hours=1)

    def __init__(self, name: str, left: int, *, away: bool = False) -> None:
        self.name, self.left, self.away = name, left, away

    async def clear(self, *, dry: bool) -> Cleared:
        if self.away:
            raise StorageFull("There is no space left.")
        found, self.left = Cleared(self.left, 10 * self.left), self.left if dry else 0
        return found


async def test_each_part_is_cleared_in_its_time_and_what_came_of_it_is_shown(
    database: Database, clock: ManualClock
) -> None:
    away, full = Heap("away", 1, away=True), Heap("full", 3)
    clearing = Clearing(database, clock, [away, full])
    assert await clearing.clear("full", dry=True) == Cleared(3, 30)
    assert [one.swept_at for one in await clearing.accounts()] == [None, None]
    await clearing.sweep()
    full.left = 2
    await clearing.sweep()
    assert full.left == 2
    with pytest.raises(NotFound, match="there are away, full"):
        await clearing.clear("other", dry=False)
    clock.advance(3600)
    away.away = False
    # Another server does it as well.
    await Clearing(database, clock, [away, full]).sweep()
    first, second = await clearing.accounts()
    assert (first.removed, first.bytes, first.failure) == (1, 10, "")
    assert (second.removed, second.bytes, second.removed_at) == (5, 50, clock.now())
    away.away = True
    with pytest.raises(StorageFull):
        await clearing.clear("away", dry=False)
    assert (await clearing.accounts())[0].failure == "There is no space left."
