"""Builders: what they do with a build, how its end reaches them from any replica, and what happens when one dies."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from firefly.auth import Identity
from firefly.builds.asking.builds import Builds
from firefly.builds.model import Build, BuildState, Failure, Outcome
from firefly.builds.seams import BuildLog
from firefly.errors import SandboxFailed, Unavailable
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.builds import MemoryListener, MemoryRunner
from firefly.testing.bus import MemoryBus
from firefly.testing.clock import ManualClock
from tests.support.waiting import eventually

from .gang import Gang
from .yard import Yard

# Its holder says every 0.5 s that he lives; a busy machine may keep him from it for longer than that.
SHORT = timedelta(seconds=3)


async def over(yard: Yard, build: Build) -> Build:
    async def ended() -> Build | None:
        found = await yard.records.find(build.id)
        return found if found and found.state.is_over else None

    found = await eventually(ended)
    assert found is not None
    return found


async def test_a_build_is_built_shown_and_told_of(yard: Yard) -> None:
    listener = MemoryListener("status", "queued", "started", "ended")
    yard.notices.register(listener)
    project = await yard.project(await yard.person("ada"))
    gang = Gang(yard)

    async def told() -> list[tuple[str, str, bool]]:
        async with yard.database.connection() as connection:
            rows = await connection.fetch("select listener, kind, done_at from build_notices order by id")
        return [(row["listener"], row["kind"], row["done_at"] is not None) for row in rows]

    async def published() -> bool:
        return ("publisher", "publish", True) in await told()

    async with gang.at_work() as workers:
        build = await over(yard, await yard.ask(project))
        await eventually(published)
        assert workers.numbers()['builds_ended_total{state="succeeded"}'] == 1

    assert (build.state, build.reason, build.attempts) == (BuildState.SUCCEEDED, "Built.", 1)
    assert [one.state for one in gang.publisher.published] == [BuildState.SUCCEEDED]
    assert await told() == [
        ("status", "queued", False),
        ("status", "started", False),
        ("status", "ended", False),
        ("publisher", "publish", True),
    ]


@pytest.mark.parametrize("how", ["cancel", "kill"])
async def test_an_end_asked_of_any_replica_is_heeded_at_once(yard: Yard, ada: Identity, how: str) -> None:
    # Whoever is not told looks after a sixth of the lease.
    gang, project = Gang(yard, lease=timedelta(hours=1)), await yard.project(ada)
    gang.runner.hold()
    async with gang.at_work():
        build = await yard.ask(project)
        await eventually(lambda: gang.runner.started)
        other_replica: Builds = yard.builds
        await getattr(other_replica, how)(ada, build.id)
        ended = await over(yard, build)

    assert gang.runner.cancelled == [build.id]
    assert (ended.state, ended.reason) == (
        BuildState.CANCELLED if how == "cancel" else BuildState.KILLED,
        "ada ended it.",
    )
    assert gang.publisher.published == []


async def test_where_the_bus_is_lost_the_lease_tells(database: Database, clock: ManualClock, tmp_path: Path) -> None:
    class Deaf(MemoryBus):
        """Nobody hears of anything."""

        def _deliver(self, event: object) -> None:
            return None

    yard = Yard(database, Deaf(), clock, tmp_path)
    ada = await yard.person("ada")
    gang = Gang(yard, lease=SHORT)
    gang.runner.hold()
    build = await yard.ask(await yard.project(ada))
    async with gang.at_work():
        await eventually(lambda: gang.runner.started)
        await yard.builds.cancel(ada, build.id)
        assert (await over(yard, build)).state is BuildState.CANCELLED


async def test_a_newer_push_ends_the_older_build_and_is_built_itself(yard: Yard, ada: Identity) -> None:
    gang, project = Gang(yard, settings=Settings(builds_at_once=1)), await yard.project(ada)
    gang.runner.hold()
    async with gang.at_work():
        old = await yard.ask(project)
        await eventually(lambda: gang.runner.started)
        new = await yard.ask(project, "b" * 40)
        assert (await over(yard, old)).state is BuildState.SUPERSEDED
        gang.runner.go_on()
        assert (await over(yard, new)).state is BuildState.SUCCEEDED
        await eventually(lambda: gang.publisher.published)
    assert [one.id for one in gang.publisher.published] == [new.id]


async def test_a_build_ends_at_its_time_limit(yard: Yard, ada: Identity) -> None:
    gang, project = Gang(yard, settings=Settings(build_timeout=600)), await yard.project(ada)
    await yard.execute("insert into build_settings (project_id, timeout_seconds) values ($1, 1)", project)
    gang.runner.hold()
    async with gang.at_work():
        build = await over(yard, await yard.ask(project))
    assert (build.state, gang.runner.cancelled) == (BuildState.TIMED_OUT, [build.id])
    assert build.reason == "It ran for longer than 1 seconds, which is its limit."


async def test_what_a_runner_raises_and_reports_is_the_builds(yard: Yard, ada: Identity) -> None:
    failure = Failure(step="build", cause="npm with s3cret-key ended with 1.", lines=("boom", "of s3cret-key"))

    async def does(build: Build, log: BuildLog) -> Outcome:
        if build.number == 1:
            raise SandboxFailed("No sandbox can be started here.")
        if build.number == 2:
            raise ZeroDivisionError
        log.mask("s3cret-key")
        return Outcome(state=BuildState.FAILED, reason="s3cret-key failed.", failure=failure)

    gang, project = Gang(yard, MemoryRunner(does)), await yard.project(ada)
    async with gang.at_work():
        found = [await over(yard, await yard.ask(project, forced=True)) for _ in range(3)]
    assert [build.state for build in found] == [BuildState.FAILED] * 3
    assert found[0].reason == "No sandbox can be started here."
    assert found[1].reason.startswith("Something went wrong in Firefly")
    # An engine's output is quoted as it came, and a failure goes further than a log.
    assert found[2].reason == "••• failed."
    assert found[2].failure == Failure(step="build", cause="npm with ••• ended with 1.", lines=["boom", "of •••"])


async def test_a_server_that_stops_puts_its_builds_back(yard: Yard, ada: Identity) -> None:
    gang = Gang(yard)
    gang.runner.hold()
    async with gang.at_work():
        build = await yard.ask(await yard.project(ada))
        await eventually(lambda: gang.runner.started)
    found = await yard.records.find(build.id)
    assert found is not None
    assert (found.state, found.attempts, found.started_at) == (BuildState.QUEUED, 0, None)


async def test_the_work_of_a_dead_builder_is_taken_up_and_his_word_no_longer_counts(yard: Yard, ada: Identity) -> None:
    build = await yard.ask(await yard.project(ada))
    dead = Gang(yard, lease=timedelta(seconds=-1)).claims()
    claimed = await dead.claim()
    assert claimed is not None

    gang = Gang(yard)
    async with gang.at_work():
        found = await over(yard, build)
    assert (found.state, found.attempts) == (BuildState.SUCCEEDED, 2)
    assert await dead.finish(claimed, Outcome(state=BuildState.FAILED, reason="late"), 1) == (None, None)
    assert await dead.keep([build.id], []) == {}
    assert await yard.state(build) == BuildState.SUCCEEDED


async def test_a_server_that_follows_a_dead_one_in_its_place_goes_on_at_once(yard: Yard, ada: Identity) -> None:
    build, other = await yard.ask(await yard.project(ada)), await yard.ask(await yard.project(ada, "other"))
    gang = Gang(yard, settings=Settings(builds_at_once=1))
    assert await gang.claims().claim()
    elsewhere = await Gang(yard).claims().claim()
    assert elsewhere is not None
    async with gang.at_work():
        found = await over(yard, build)
    assert (found.state, found.attempts) == (BuildState.SUCCEEDED, 2)
    assert (elsewhere.build.id, await yard.state(other)) == (other.id, BuildState.RUNNING)


async def test_a_build_that_ends_its_builder_each_time_is_given_up(yard: Yard, ada: Identity) -> None:
    build = await yard.ask(await yard.project(ada))
    dying = Gang(yard, lease=timedelta(seconds=-1)).claims()
    attempts = [claimed.attempt for _ in range(3) if (claimed := await dying.claim())]
    assert attempts == [1, 2, 3]
    assert await dying.claim() is None
    found = await yard.records.find(build.id)
    assert found is not None
    assert (found.state, found.reason) == (BuildState.FAILED, "Its builder ended 3 times while it ran.")


async def test_an_end_asked_of_a_dead_builder_comes_too(yard: Yard, ada: Identity) -> None:
    build = await yard.ask(await yard.project(ada))
    await Gang(yard, lease=timedelta(seconds=-1)).claims().claim()
    await yard.builds.kill(ada, build.id)
    assert await Gang(yard).claims().claim() is None
    found = await yard.records.find(build.id)
    assert found is not None
    assert (found.state, found.reason) == (BuildState.KILLED, "ada ended it.")


async def test_a_builder_that_lost_its_lease_stops(yard: Yard, ada: Identity) -> None:
    gang = Gang(yard, lease=SHORT)
    gang.runner.hold()
    async with gang.at_work():
        build = await yard.ask(await yard.project(ada))
        await eventually(lambda: gang.runner.started)
        await yard.execute("update builds set holder = 'another', lease_until = now() + interval '1 hour'")
        await eventually(lambda: gang.runner.cancelled == [build.id])
    assert await yard.state(build) == BuildState.RUNNING


async def test_the_builds_of_a_deleted_project_end(yard: Yard, ada: Identity) -> None:
    gang, project = Gang(yard, lease=SHORT), await yard.project(ada)
    gang.runner.hold()
    async with gang.at_work():
        build = await yard.ask(project)
        await eventually(lambda: gang.runner.started)
        await yard.execute("update projects set deleted_at = now()")
        assert (await over(yard, build)).reason == "The project was deleted."


async def test_one_that_heeds_nothing_does_not_keep_the_queue(
    yard: Yard, ada: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firefly.builds.queueing.running.GRACE", 0.05)
    free = asyncio.Event()

    async def deaf(build: Build, log: BuildLog) -> Outcome:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue
        return Outcome(state=BuildState.SUCCEEDED, reason="Built all the same.")

    gang, project = Gang(yard, MemoryRunner(deaf)), await yard.project(ada)
    async with gang.at_work():
        build = await yard.ask(project)
        await eventually(lambda: gang.runner.started)
        await yard.builds.kill(ada, build.id)
        assert (await over(yard, build)).state is BuildState.KILLED
        free.set()


async def test_what_was_away_is_tried_again_and_then_the_builds_failure(
    yard: Yard, ada: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firefly.builds.queueing.workers.LOOK_EVERY", 0.05)

    async def does(build: Build, log: BuildLog) -> Outcome:
        raise Unavailable("All sandboxes are away.")

    gang, project = Gang(yard, MemoryRunner(does)), await yard.project(ada)
    async with gang.at_work() as workers:
        build = await yard.ask(project)
        # Left, as it is, until its lease is over.
        await eventually(lambda: (len(gang.runner.started), workers.running) == (1, 0))
        await yard.execute("update builds set lease_until = now()")
        await eventually(lambda: (len(gang.runner.started), workers.running) == (2, 0))
        await yard.execute("update builds set lease_until = now()")
        found = await over(yard, build)
    assert (found.state, found.reason, found.attempts) == (BuildState.FAILED, "All sandboxes are away.", 3)


async def test_a_server_that_is_replaced_puts_its_builds_back_and_takes_no_more(yard: Yard, ada: Identity) -> None:
    gang, project = Gang(yard), await yard.project(ada)
    gang.runner.hold()
    async with gang.at_work() as workers:
        build = await yard.ask(project)
        await eventually(lambda: gang.runner.started)
        await workers.let_go()
        assert (await yard.state(build), workers.running) == (BuildState.QUEUED, 0)
        later = await yard.ask(project, ref="refs/heads/later")
        taken = await Gang(yard, settings=Settings(builds_per_owner=1)).claims().claim()
        assert taken is not None
        assert taken.build.id == build.id
        workers.take_back()
        await eventually(lambda: gang.runner.started[-1].id == later.id)
