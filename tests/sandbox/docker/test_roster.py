"""Races between what an engine tells and what is known of it, with an engine that answers when it is told to."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest

from firefly.errors import FireflyError, TimedOut, Unavailable
from firefly.protocol.companion import Wish
from firefly.sandbox.backend import ExitStatus, Instance
from firefly.sandbox.disk import Usage
from firefly.sandbox.docker import roster
from firefly.sandbox.docker.backend import DockerBackend
from firefly.sandbox.docker.companion_plan import Plan
from firefly.sandbox.docker.companions import COMPANION, Companion, begun
from firefly.sandbox.docker.ending import Ender
from firefly.sandbox.docker.engine import Engine
from firefly.sandbox.docker.labels import INSTANCE
from firefly.sandbox.docker.networks import Networks
from firefly.sandbox.docker.roster import Roster
from firefly.sandbox.docker.runs import Run
from firefly.sandbox.docker.starting import Starter
from firefly.settings import Settings
from firefly.testing.subnets import MemorySubnets

ENDED = ExitStatus(1, "It crashed.", datetime.now(UTC), False)


def a_run(name: str, **more: Any) -> Run:
    instance = Instance(name, uuid4(), datetime.now(UTC))
    return Run(instance, Path("/nowhere"), f"container of {name}", Usage(1, 1), **more)


class Slow(Ender):
    """`states` are those of containers once `asked` was waited for and `answer` is set; `ends` how each has ended."""

    def __init__(self) -> None:
        self.asked, self.answer = asyncio.Event(), asyncio.Event()
        self.states: dict[str, str] = {}
        self.ends: list[ExitStatus | FireflyError | None] = []
        self.cleared: list[str] = []

    async def found(self, label: str = "") -> list[Mapping[str, Any]]:
        states = [{"Id": name, "State": state, "Labels": {}} for name, state in self.states.items()]
        self.asked.set()
        await self.answer.wait()
        return [dict(state) for state in states]

    async def status(self, container: str, folder: Path) -> ExitStatus | None:
        end = self.ends.pop(0)
        if isinstance(end, FireflyError):
            raise end
        return end

    async def clear(self, instance_id: str, folder: Path) -> None:
        self.cleared.append(instance_id)


@pytest.fixture
def ender() -> Slow:
    return Slow()


@pytest.fixture
def known(ender: Slow, monkeypatch: pytest.MonkeyPatch) -> Roster:
    monkeypatch.setattr(roster, "FIRST_PAUSE", 0.01)
    return Roster(cast(Starter, None), ender, cast(Networks, None))


async def test_what_begins_while_the_engine_is_asked_is_not_taken_for_removed(known: Roster, ender: Slow) -> None:
    ender.ends = [ENDED]
    asking = asyncio.create_task(known.catch_up())
    await ender.asked.wait()
    fresh = a_run("fresh")
    known.runs.enter(fresh)
    ender.answer.set()
    await asking
    await known.close()
    assert not fresh.finished.is_set()
    assert ender.cleared == []


async def test_what_has_ended_while_it_began_is_told_and_what_is_yet_to_start_is_not(
    known: Roster, ender: Slow
) -> None:
    ended, coming = a_run("ended"), a_run("coming")
    for run in (ended, coming):
        known.runs.enter(run)
        known.beginning.add(run.instance.id)
    ender.states, ender.ends = {ended.container: "exited", coming.container: "created"}, [ENDED]
    ender.answer.set()
    await known.catch_up()
    async with asyncio.timeout(10):
        await ended.finished.wait()
    assert [instance.id for instance in known.runs.instances()] == ["coming"]
    await known.close()


async def test_an_end_that_is_told_is_asked_for_until_the_engine_answers_and_believed_of_nothing_that_runs(
    known: Roster, ender: Slow
) -> None:
    crashed, running = a_run("crashed"), a_run("running")
    for run in (crashed, running):
        known.runs.enter(run)
    ender.ends = [TimedOut("busy"), Unavailable("away"), ENDED]
    known.told("die", "crashed")
    async with asyncio.timeout(10):
        assert await known.runs.wait("crashed") == ENDED
    ender.ends = [None]
    known.told("die", "running")
    await known.close()
    assert not running.finished.is_set()
    assert ender.cleared == ["crashed"]


def test_of_images_beside_a_sandbox_the_next_server_takes_the_one_that_runs() -> None:
    def one(run: str, name: str, state: str) -> Mapping[str, Any]:
        return {"Id": name, "State": state, "Labels": {COMPANION: "", INSTANCE: run}}

    found: Sequence[Mapping[str, Any]] = [
        one("a", "runs", "running"), one("a", "before it", "exited"), one("a", "never began", "created"),
        one("b", "ended", "exited"), one("c", "never began", "created"), one("d", "sleeps", "paused"),
        {"Id": "no companion", "State": "running", "Labels": {INSTANCE: "e"}},
    ]  # fmt: skip
    assert begun(found) == {"a": "runs", "b": "ended", "d": "sleeps"}


class Failing(Engine):
    """Fails to freeze, or wake, each container in turn as `fails` says; notes what came of the others."""

    def __init__(self) -> None:
        super().__init__()
        self.fails: list[bool] = []
        self.frozen: dict[str, bool] = {}

    async def pause(self, container: str, *, frozen: bool) -> None:
        if self.fails and self.fails.pop(0):
            raise TimedOut("The engine does not answer.")
        self.frozen[container] = frozen


@pytest.mark.parametrize("fails", [[True], [False, True]])
async def test_what_cannot_be_frozen_whole_runs_on_whole(fails: list[bool], tmp_path: Path) -> None:
    backend, engine = DockerBackend(Settings(data_dir=tmp_path), MemorySubnets()), Failing()
    backend._engine = engine
    run = a_run("one", companion=Companion(engine, Plan({"Image": "x"}, [], "0:0", 0), tmp_path, "beside"))
    backend._roster.runs.enter(run)
    engine.fails = [*fails]
    with pytest.raises(TimedOut):
        await backend.freeze("one")
    assert not backend.frozen("one")
    assert set(engine.frozen.values()) == {False}
    await backend.freeze("one")
    assert (backend.frozen("one"), engine.frozen) == (True, {run.container: True, "beside": True})
    # Half woken it still counts as frozen, so that the next try wakes the rest.
    engine.fails = [*fails]
    with pytest.raises(TimedOut):
        await backend.thaw("one")
    assert backend.frozen("one")
    await backend.thaw("one")
    assert set(engine.frozen.values()) == {False}


async def test_no_second_image_is_started_beside_one_that_does_not_end(tmp_path: Path) -> None:
    engine = Engine("unix:///nowhere")
    companion = Companion(engine, Plan({"Image": "x"}, [], "0:0", 0), tmp_path, "still there")
    with pytest.raises(Unavailable, match="has not ended yet"):
        await companion._start(Wish())
    assert companion.container == "still there"
    await engine.close()
