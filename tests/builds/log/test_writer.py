"""What a build writes is stored: in steps, in order, once, whatever becomes of the build and of the database."""

import asyncio
from contextlib import suppress

import pytest

from firefly.builds.log import Logs, outbox, writer
from firefly.builds.log.records import TOPIC
from firefly.builds.model import Build, StepState
from firefly.bus import Bus
from firefly.clock import SystemClock
from firefly.errors import DatabaseUnavailable, SandboxFailed
from firefly.store import Database
from tests.builds.yard import Yard
from tests.support.waiting import eventually

from .conftest import MOST, stored, texts


async def test_lines_come_with_their_step_stream_and_time(logs: Logs, build: Build) -> None:
    async with logs.writing(build) as log:
        async with log.step("fetch") as step:
            await step.say("Fetching:\r\nall.")
        async with log.step("build", "npm run build") as step:
            await step.write(b"one\ntw")
            await step.write(b"oops\n", stream="err")
            await step.write(b"o\nrest")
            step.exited(0)
    lines = await stored(logs, build)
    assert [(line.n, line.step, line.stream, line.text) for line in lines] == [
        (1, 1, "firefly", "Fetching:␊all."),
        (2, 2, "out", "one"),
        (3, 2, "err", "oops"),
        (4, 2, "out", "two"),
        (5, 2, "out", "rest"),
    ]
    assert all(0 <= line.at < 60_000 for line in lines)
    steps = await logs.records.steps(build.id)
    assert [(step.position, step.name, step.command, step.state, step.exit_code) for step in steps] == [
        (1, "fetch", None, StepState.SUCCEEDED, None),
        (2, "build", "npm run build", StepState.SUCCEEDED, 0),
    ]
    assert all(step.ended_at and step.ended_at >= step.started_at for step in steps)


async def test_steps_end_as_their_blocks_do(logs: Logs, build: Build) -> None:
    async with logs.writing(build) as log:
        async with log.step("install") as step:
            step.skip("Nothing changed.")
        async with log.step("build") as step:
            step.exited(2)
        with pytest.raises(SandboxFailed):
            async with log.step("test"):
                raise SandboxFailed("It went\0 away.")
        with pytest.raises(asyncio.CancelledError):
            async with log.step("pack"):
                raise asyncio.CancelledError
    states = {step.name: (step.state, step.reason) for step in await logs.records.steps(build.id)}
    assert states == {
        "install": (StepState.SKIPPED, "Nothing changed."),
        "build": (StepState.FAILED, "It ended with status 2."),
        "test": (StepState.FAILED, "It went\ufffd away."),
        "pack": (StepState.ENDED, ""),
    }


async def test_secrets_are_in_no_line_command_or_reason(logs: Logs, build: Build) -> None:
    secret = "hunter2-hunter2"
    async with logs.writing(build) as log:
        log.mask(secret)
        with suppress(SandboxFailed):
            async with log.step("build", f"deploy --token {secret}") as step:
                for letter in f"token={secret}\n":
                    await step.write(letter.encode())
                await step.say(f"Deploying with {secret}.")
                raise SandboxFailed(f"{secret} was refused.")
    assert await texts(logs, build) == ["token=•••", "Deploying with •••."]
    (ended,) = await logs.records.steps(build.id)
    assert (ended.command, ended.reason) == ("deploy --token •••", "••• was refused.")


async def test_the_last_lines_are_those_of_the_last_step_without_colours(logs: Logs, build: Build) -> None:
    async with logs.writing(build) as log:
        assert await log.last_lines() == []
        async with log.step("install") as step:
            await step.write(b"installed\n")
        async with log.step("build") as step:
            for number in range(100):
                await step.write(f"\x1b[3{number % 8}mline {number}\x1b[0m\n".encode())
        assert await log.last_lines(3) == ["line 97", "line 98", "line 99"]
        assert len(await log.last_lines(1000)) == 100
        async with log.step("test"):
            assert await log.last_lines() == []


async def test_a_question_without_a_line_end_is_seen(logs: Logs, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "BEGUN_PAUSE", 0.05)
    async with logs.writing(build) as log, log.step("install") as step:
        await step.write(b"Proceed? [y/N] ")
        assert await eventually(lambda: texts(logs, build)) == ["Proceed? [y/N] "]


async def test_everything_is_there_when_the_log_is_closed_though_the_build_was_cancelled(
    logs: Logs, build: Build
) -> None:
    begun = asyncio.Event()

    async def builds() -> None:
        async with logs.writing(build) as log, log.step("build") as step:
            await step.write(b"".join(b"line %d\n" % number for number in range(20_000)))
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(builds())
    await begun.wait()
    task.cancel()
    await asyncio.wait({task})
    assert await texts(logs, build) == [f"line {number}" for number in range(20_000)]
    (step,) = await logs.records.steps(build.id)
    state = await logs.records.state(build.id)
    assert step.state is StepState.ENDED
    assert state
    assert state.closed_at


async def test_another_attempt_goes_on_where_the_first_was_left(logs: Logs, build: Build, yard: Yard) -> None:
    async with logs.writing(build) as log, log.step("build") as step:
        await step.write(b"first\n")
    # As a builder leaves it that is killed.
    await yard.execute("update build_steps set state = 'running', ended_at = null")
    async with logs.writing(build) as log, log.step("build") as step:
        await step.write(b"second\n")
    assert [(line.n, line.step, line.text) for line in await stored(logs, build)] == [(1, 1, "first"), (2, 2, "second")]
    first, second = await logs.records.steps(build.id)
    assert (first.state, second.state) == (StepState.ENDED, StepState.SUCCEEDED)


async def test_two_that_write_lose_nothing_to_one_another(logs: Logs, build: Build) -> None:
    async with (
        logs.writing(build) as one, logs.writing(build) as other,
        one.step("build") as mine, other.step("build") as theirs,
    ):  # fmt: skip
        for number in range(10):
            await mine.write(b"mine %d\n" % number)
            await theirs.write(b"theirs %d\n" % number)
            await asyncio.gather(one.last_lines(), other.last_lines())
    lines = await stored(logs, build)
    assert [line.n for line in lines] == list(range(1, 21))
    assert [line.text for line in lines if line.text.startswith("mine")] == [f"mine {number}" for number in range(10)]


async def test_beyond_its_bound_a_log_keeps_its_beginning_and_its_end(
    database: Database, bus: Bus, build: Build
) -> None:
    logs = Logs(database, bus, SystemClock(), most=MOST)
    async with logs.writing(build) as log, log.step("build") as step:
        for start in range(0, 400_000, 2000):
            await step.write(b"".join(b"%09d\n" % number for number in range(start, start + 2000)))
    lines = await stored(logs, build)
    printed = [line for line in lines if line.stream == "out"]
    assert printed[0].text == "000000000"
    assert printed[-1].text == "000399999"
    assert MOST / 3 < sum(len(line.text) + 1 for line in lines) <= MOST
    # Numbers tell what is missing.
    assert printed[-1].n >= 400_000
    assert len(lines) < 150_000


async def test_whoever_watches_is_told_that_there_is_more(logs: Logs, build: Build, bus: Bus) -> None:
    async with bus.subscribe(TOPIC, "events") as events:
        async with logs.writing(build) as log, log.step("build") as step:
            await step.write(b"line\n")
        seen = []
        async with asyncio.timeout(30):
            while ("log.grown", "end") not in seen:
                event = await anext(events)
                seen.append((event.kind, event.data.get("what") or event.data.get("state")))
    assert seen == [
        ("build.step", "running"), ("log.grown", "steps"), ("log.grown", "lines"),
        ("build.step", "succeeded"), ("log.grown", "steps"), ("log.grown", "end"),
    ]  # fmt: skip


class Away:
    """Connections that cannot be had for a while."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.away = False
        self.asked = 0
        connection = database.connection

        def refused() -> object:
            if self.away:
                self.asked += 1
                raise DatabaseUnavailable("Away.")
            return connection()

        monkeypatch.setattr(database, "connection", refused)


async def test_while_the_database_is_away_the_build_goes_on_and_is_told_so(
    logs: Logs, build: Build, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "WORTH_TELLING", 0)
    absence = Away(database, monkeypatch)
    async with logs.writing(build) as log:
        absence.away = True
        async with log.step("build") as step:
            for number in range(100):
                await step.write(b"line %d\n" % number)
            await eventually(lambda: absence.asked > 1)
        absence.away = False
    *lines, told = await texts(logs, build)
    assert lines == [f"line {number}" for number in range(100)]
    assert "could not be stored" in told
    assert "Nothing was lost" in told
    (step_,) = await logs.records.steps(build.id)
    assert step_.state is StepState.SUCCEEDED


async def test_what_could_not_be_held_is_told_and_numbers_leave_room_for_it(
    logs: Logs, build: Build, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_HELD", 2000)
    absence = Away(database, monkeypatch)
    async with logs.writing(build) as log, log.step("build") as step:
        absence.away = True
        for number in range(100):
            await step.write(b"".join(b"%x\n" % hash((number, n)) for n in range(10)))
            await log.last_lines()
        await eventually(lambda: absence.asked > 1)
        absence.away = False
    lines = await stored(logs, build)
    assert "lines were lost" in lines[-1].text
    assert lines[-1].n == 1001
    assert len(lines) < 1000


async def test_a_database_that_stays_away_ends_the_wait_for_it(
    logs: Logs, build: Build, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firefly.builds.log.logs.CLOSE_LIMIT", 0.3)
    absence, before = Away(database, monkeypatch), asyncio.all_tasks()
    async with asyncio.timeout(30):
        async with logs.writing(build) as log, log.step("build") as step:
            absence.away = True
            await step.write(b"line\n")
    assert asyncio.all_tasks() <= before
    absence.away = False
    assert await texts(logs, build) == []


async def test_what_the_database_refuses_keeps_nothing_else_back(
    logs: Logs, build: Build, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_REFUSALS", 1)
    await yard.execute("alter table build_log add constraint odd check (lines <> 3)")
    async with logs.writing(build) as log, log.step("build") as step:
        for text in (b"a\n", b"b\nc\nd\n", b"e\n"):
            await step.write(text)
            await log.last_lines()
    kept = await texts(logs, build)
    assert kept[:2] == ["a", "e"]
    assert "3 lines were lost" in kept[2]


async def test_a_build_that_is_removed_takes_its_log_along(logs: Logs, build: Build, yard: Yard) -> None:
    async with logs.writing(build) as log, log.step("build") as step:
        await yard.execute("delete from builds where id = $1", build.id)
        await step.write(b"nobody will read this\n")
    assert await stored(logs, build) == []


async def test_who_prints_more_than_can_be_made_lines_waits(
    logs: Logs, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BACKLOG", 100_000)
    async with logs.writing(build) as log, log.step("build") as step:
        for _ in range(15):
            await step.write(b"x" * 99 + b"\n" + b"y" * 59_899 + b"\n")
            assert log._waiting <= 200_000
    assert len(await stored(logs, build)) == 30
