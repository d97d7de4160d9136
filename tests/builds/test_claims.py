"""Whose turn it is: between owners, within one, and what keeps a build in the queue."""

from datetime import timedelta

from firefly.auth import Identity
from firefly.builds.model import BuildState, Failure, Outcome, Trigger
from firefly.builds.queueing.claims import Claims
from firefly.builds.queueing.queue import SPENT, Queue
from firefly.settings import Settings

from .gang import Gang
from .yard import Yard


def claims(yard: Yard, *, at_once: int = 100, per_owner: int = 0, minutes: int = 0) -> Claims:
    settings = Settings(builds_at_once=at_once, builds_per_owner=per_owner, build_minutes_per_owner=minutes)
    return Gang(yard, settings=settings).claims()


async def order(taking: Claims) -> list[str]:
    taken = []
    while (claimed := await taking.claim()) is not None:
        taken.append(f"{claimed.build.owner}{claimed.build.number}")
    return taken


async def test_owners_take_turns_whoever_came_first(yard: Yard, ada: Identity) -> None:
    eager, patient = await yard.project(ada), await yard.project(await yard.person("bob"))
    asked = [await yard.ask(eager, ref=f"refs/heads/{number}") for number in range(4)]
    asked += [await yard.ask(patient, ref=f"refs/heads/{number}") for number in range(2)]

    places = await yard.builds.places(asked)
    assert [places[build.id].position for build in asked] == [1, 3, 5, 6, 2, 4]
    assert [places[build.id].ahead_of_project for build in asked] == [0, 1, 2, 3, 0, 1]
    assert await order(claims(yard)) == ["ada1", "bob1", "ada2", "bob2", "ada3", "ada4"]


async def test_of_one_owner_those_come_first_for_which_somebody_waits(yard: Yard, ada: Identity) -> None:
    project = await yard.project(ada)
    for number, trigger in enumerate((Trigger.SCHEDULE, Trigger.PUSH, Trigger.MANUAL)):
        await yard.ask(project, ref=f"refs/heads/{number}", trigger=trigger)
    assert await order(claims(yard)) == ["ada3", "ada2", "ada1"]


async def test_limits_count_over_all_builders(yard: Yard, ada: Identity) -> None:
    project, other = await yard.project(ada), await yard.project(await yard.person("bob"))
    for number in range(3):
        await yard.ask(project, ref=f"refs/heads/{number}")
        await yard.ask(other, ref=f"refs/heads/{number}")
    one, two = (claims(yard, at_once=3, per_owner=2) for _ in range(2))
    assert await order(one) == ["ada1", "bob1", "ada2"]
    assert await order(two) == []
    assert await order(claims(yard, per_owner=2)) == ["bob2"]
    assert await order(claims(yard, at_once=0)) == []


async def test_a_project_on_hold_keeps_its_place_and_waits(yard: Yard, ada: Identity) -> None:
    project, other = await yard.project(ada), await yard.project(ada, "other")
    held, free = await yard.ask(project), await yard.ask(other)
    await yard.execute("insert into build_settings (project_id, held, held_reason) values ($1, true, 'Busy.')", project)

    places = await yard.builds.places([held, free])
    assert (places[held.id].held, places[free.id].position, places[free.id].reason) == (True, 1, "")
    assert places[held.id].reason == "The project is on hold. Busy."
    assert await order(claims(yard)) == ["ada1"]
    await yard.execute("update build_settings set held = false")
    assert await order(claims(yard)) == ["ada1"]


async def test_minutes_are_counted_and_bound_an_owner_until_the_next_month(yard: Yard, ada: Identity) -> None:
    first, second = [await yard.ask(await yard.project(ada, name)) for name in ("one", "two")]
    taking = claims(yard, at_once=1, minutes=10)
    claimed = await taking.claim()
    assert claimed is not None
    assert claimed.build.id == first.id
    await taking.finish(claimed, Outcome(state=BuildState.FAILED, reason="No."), 600)
    assert await order(taking) == []
    bounded = Queue(yard.records, minutes=10)
    assert (await bounded.places([second.id]))[second.id].reason == SPENT
    yard.clock.advance(timedelta(days=32).total_seconds())
    assert await order(taking) == ["ada1"]
    assert await yard.state(second) == BuildState.RUNNING


async def test_an_end_is_written_down_whatever_strangers_put_into_its_words(yard: Yard, ada: Identity) -> None:
    await yard.ask(await yard.project(ada))
    taking = claims(yard)
    claimed = await taking.claim()
    assert claimed is not None
    failure = Failure("analyse", "the key ins\0tal is not known", lines=("half \ud800",))
    ended, _ = await taking.finish(claimed, Outcome(state=BuildState.FAILED, reason=failure.cause, failure=failure), 1)
    assert ended is not None
    assert ended.reason == "the key ins\ufffdtal is not known"
    assert ended.failure is not None
    assert (ended.failure.cause, list(ended.failure.lines)) == (ended.reason, ["half ?"])
