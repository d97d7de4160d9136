"""What owners use beside what they may, who sees it, and how what is too much is ended."""

from dataclasses import replace

import pytest

from firefly.auth import Identity
from firefly.builds.model import BuildState, Outcome
from firefly.builds.queueing.usage import Ended, Usages
from firefly.errors import Forbidden, NotFound
from firefly.settings import Settings
from firefly.testing.builds import MemoryRunningSites

from .gang import Gang
from .yard import Yard


def usages(yard: Yard, sites: MemoryRunningSites | None = None, **more: int) -> Usages:
    settings = Settings().model_copy(update={"builds_at_once": 10, **more})
    return Usages(records=yard.records, queue=yard.queue, sites=sites or MemoryRunningSites(), settings=settings)


async def administrator(yard: Yard) -> Identity:
    found = await yard.person("root")
    return replace(found, account=replace(found.account, is_administrator=True))


async def test_everybody_sees_his_own_and_administrators_all(yard: Yard, ada: Identity) -> None:
    project, bob = await yard.project(ada), await yard.person("bob")
    await yard.project(bob)
    for number in range(3):
        await yard.ask(project, ref=f"refs/heads/{number}")
    claims = Gang(yard).claims()
    claimed = await claims.claim()
    assert claimed is not None
    assert await claims.claim()
    await claims.finish(claimed, Outcome(state=BuildState.FAILED, reason="No."), 150)

    (own,) = await usages(yard, build_minutes_per_owner=2).check(ada)
    assert (own.owner, own.projects.used, own.queued, own.running.used) == ("ada", 1, 1, 1)
    assert (own.running.most, own.minutes.used, own.minutes.most, own.exceeded) == (None, 2, 2, [])
    with pytest.raises(Forbidden):
        await usages(yard).check(ada, ["bob"])
    root = await administrator(yard)
    assert [usage.owner for usage in await usages(yard).check(root)] == ["ada", "bob"]
    assert [usage.owner for usage in await usages(yard).check(root, ["bob"])] == ["bob"]
    with pytest.raises(NotFound, match="nobody owns no project"):
        await usages(yard).check(root, ["nobody"])


async def test_what_is_too_much_is_ended_the_newest_first(yard: Yard, ada: Identity) -> None:
    project, root = await yard.project(ada), await administrator(yard)
    asked = [await yard.ask(project, ref=f"refs/heads/{number}") for number in range(3)]
    claims = Gang(yard, settings=Settings(builds_at_once=3)).claims()
    for _ in asked:
        yard.clock.advance(1)
        await claims.claim()
    sites = MemoryRunningSites(most=2)
    sites.sites, sites.owners = {"ada": 3}, {ada.account.id: "ada"}
    bounded = usages(yard, sites, builds_per_owner=2, sites_per_owner=2)

    (usage,) = await bounded.check(root)
    assert usage.exceeded == ["running", "sites"]
    wanted = [Ended("ada", "build 3 of garden"), Ended("ada", "site 0 of ada")]
    assert await bounded.enforce(root, dry=True) == wanted
    assert sites.stopped == []
    assert await bounded.enforce(root) == wanted
    assert sites.stopped == ["site 0 of ada"]
    found = [await yard.records.find(build.id) for build in asked]
    assert [build.ending if build else None for build in found] == [None, None, BuildState.CANCELLED]
    with pytest.raises(Forbidden):
        await bounded.enforce(ada)
