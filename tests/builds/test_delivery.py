"""Notices: each listener is told in order, again where it failed, and keeps nobody else waiting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from firefly.auth import Identity
from firefly.builds.model import BuildState, Outcome
from firefly.builds.queueing.claims import PUBLISHER
from firefly.builds.republishing import Republishing
from firefly.builds.seams import Notice
from firefly.builds.telling import delivery
from firefly.builds.telling.delivery import Delivery
from firefly.testing.build_log import MemoryLogs
from firefly.testing.builds import MemoryListener, MemoryPublisher
from tests.support.waiting import eventually

from .gang import Gang
from .yard import Yard


@asynccontextmanager
async def delivering(yard: Yard) -> AsyncIterator[None]:
    running = asyncio.create_task(Delivery(yard.records).run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(delivery, "LONGEST_PAUSE", 0.001)
    monkeypatch.setattr(delivery, "LOOK_EVERY", 0.01)


@pytest.mark.usefixtures("soon")
async def test_one_that_fails_is_told_again_in_order_and_keeps_nobody_waiting(yard: Yard, ada: Identity) -> None:
    failing, hanging = MemoryListener("failing", "queued", "ended", fails=2), MemoryListener("hanging", "queued")
    well = MemoryListener("well", "ended")
    for listener in (failing, hanging, well):
        yard.notices.register(listener)
    hanging.hold()
    async with delivering(yard):
        build = await yard.ask(await yard.project(ada))
        await yard.builds.cancel(ada, build.id)
        await eventually(lambda: well.heard and len(failing.heard) == 2)
        assert hanging.heard == []

    assert [(notice.kind, notice.attempt) for notice in failing.heard] == [("queued", 3), ("ended", 1)]
    assert [notice.build.state for notice in well.heard] == [BuildState.CANCELLED]


@pytest.mark.usefixtures("soon")
async def test_one_that_always_fails_is_given_up_with_the_reason(yard: Yard, ada: Identity) -> None:
    yard.notices.register(MemoryListener("failing", "queued", fails=1000))
    async with delivering(yard):
        await yard.ask(await yard.project(ada))

        async def given_up() -> Any:
            async with yard.database.connection() as connection:
                return await connection.fetchrow("select * from build_notices where done_at is not null")

        found = await eventually(given_up)
    assert (found["error"], found["attempts"]) == ("nobody there", delivery.MOST_ATTEMPTS)


class Slow(MemoryListener):
    """Is told of one owner's builds as if that owner's provider never answered."""

    def __init__(self, owner: str) -> None:
        super().__init__("slow", "queued")
        self._owner = owner
        self.hanging = 0

    async def heed(self, notice: Notice) -> None:
        if notice.build.owner == self._owner:
            self.hanging += 1
            await asyncio.Event().wait()
        await super().heed(notice)


@pytest.mark.usefixtures("soon")
async def test_an_owner_whose_provider_hangs_keeps_nobody_elses_waiting(yard: Yard, ada: Identity) -> None:
    listener, bob = Slow("ada"), await yard.person("bob")
    yard.notices.register(listener)
    mine, other = await yard.project(ada), await yard.project(bob, "other")
    for number in range(delivery.AT_ONCE + 1):
        await yard.ask(mine, ref=f"refs/heads/b{number}")
    async with delivering(yard):
        await eventually(lambda: listener.hanging >= delivery.EACH)
        build = await yard.ask(other)
        await eventually(lambda: [notice.build.id for notice in listener.heard] == [build.id])
        assert listener.hanging < delivery.AT_ONCE


async def test_what_a_dead_builder_built_is_shown_by_another(yard: Yard, ada: Identity) -> None:
    publisher = MemoryPublisher()
    yard.notices.register(Republishing(publisher, MemoryLogs().open))
    build = await yard.ask(await yard.project(ada))
    dying = Gang(yard, lease=timedelta(seconds=-1)).claims()
    claimed = await dying.claim()
    assert claimed is not None
    found, notice = await dying.finish(claimed, Outcome(state=BuildState.SUCCEEDED, reason="Built."), 1)
    assert found is not None
    assert notice is not None

    async def done() -> bool:
        async with yard.database.connection() as connection:
            found = await connection.fetchval("select listener from build_notices where done_at is not null")
        return bool(found == PUBLISHER)

    async with delivering(yard):
        await eventually(done)
    assert [one.id for one in publisher.published] == [build.id]
