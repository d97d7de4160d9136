"""Revocations: known at once here, in moments elsewhere, and after a gap in what the bus delivered."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from firefly.auth import Revocation, Revocations
from firefly.store import Database
from firefly.testing.bus import MemoryBus
from firefly.testing.clock import ManualClock
from tests.support.waiting import eventually

ADA, SITE, LAPTOP = UUID(int=1), UUID(int=2), UUID(int=3)


@pytest.fixture
async def deaf(database: Database, clock: ManualClock) -> AsyncIterator[tuple[Revocations, MemoryBus]]:
    """A replica whose bus hears nothing of others until it is told that it missed something."""
    bus = MemoryBus()
    revocations = Revocations(database, bus, clock)
    await revocations.open()
    yield revocations, bus
    await revocations.close()


@pytest.fixture
async def speaker(database: Database, clock: ManualClock) -> AsyncIterator[Revocations]:
    revocations = Revocations(database, MemoryBus(), clock)
    await revocations.open()
    yield revocations
    await revocations.close()


async def test_only_what_was_issued_before_counts(speaker: Revocations, clock: ManualClock) -> None:
    before = clock.now().timestamp()
    assert not speaker.refuses(issued_at=before, account_id=ADA)
    await speaker.record("test", account_id=ADA)
    clock.advance(1)
    assert speaker.refuses(issued_at=before, account_id=ADA)
    assert not speaker.refuses(issued_at=clock.now().timestamp(), account_id=ADA)
    assert not speaker.refuses(issued_at=before, account_id=uuid4())


async def test_every_id_that_is_given_has_to_match(speaker: Revocations, clock: ManualClock) -> None:
    now = clock.now().timestamp()
    await speaker.record("test", account_id=ADA, project_id=SITE)
    assert speaker.refuses(issued_at=now, account_id=ADA, project_id=SITE)
    assert not speaker.refuses(issued_at=now, account_id=ADA)
    assert not speaker.refuses(issued_at=now, account_id=ADA, project_id=LAPTOP)
    assert not speaker.refuses(issued_at=now, account_id=uuid4(), project_id=SITE)


async def test_a_token_takes_nothing_else_with_it(speaker: Revocations, clock: ManualClock) -> None:
    await speaker.record("test", account_id=ADA, token_id=LAPTOP)
    assert not speaker.refuses(issued_at=clock.now().timestamp(), account_id=ADA)


async def test_what_the_bus_lost_is_read_again(
    deaf: tuple[Revocations, MemoryBus], speaker: Revocations, clock: ManualClock
) -> None:
    revocations, bus = deaf
    now = clock.now().timestamp()
    await speaker.record("test", session_id=LAPTOP)
    assert not revocations.refuses(issued_at=now, account_id=ADA, session_id=LAPTOP)
    bus.lose()
    await eventually(lambda: revocations.refuses(issued_at=now, account_id=ADA, session_id=LAPTOP))


async def test_a_revocation_stands_with_its_transaction(
    speaker: Revocations, database: Database, clock: ManualClock
) -> None:
    async with database.transaction() as connection:
        await speaker.record("test", account_id=ADA, connection=connection)
    fresh = Revocations(database, MemoryBus(), clock)
    await fresh.reload()
    assert fresh.refuses(issued_at=clock.now().timestamp(), account_id=ADA)


async def test_what_can_matter_no_more_is_forgotten(speaker: Revocations, clock: ManualClock) -> None:
    issued = clock.now().timestamp()
    await speaker.record("test", account_id=ADA)
    clock.advance(3 * 86400)
    await speaker.reload()
    assert not speaker.refuses(issued_at=issued, account_id=ADA)


async def test_what_was_told_once_is_not_told_again(
    deaf: tuple[Revocations, MemoryBus], speaker: Revocations, clock: ManualClock
) -> None:
    """What a member opened since would end each time the table is read."""
    revocations, bus = deaf
    heard: list[Revocation] = []
    revocations.on_record(heard.append)
    await speaker.record("elsewhere", account_id=ADA)
    await revocations.record("here", session_id=LAPTOP)
    await revocations.reload()
    # What was recorded here comes back by the bus; what was recorded elsewhere was read.
    await eventually(lambda: len(heard) == 3)
    clock.advance(3600)
    await revocations.reload()
    assert len(heard) == 3
    await speaker.record("elsewhere", session_id=SITE)
    bus.lose()
    await eventually(lambda: len(heard) > 3)
    assert [one.session_id for one in heard[3:]] == [SITE]


async def test_an_event_that_cannot_be_read_does_not_end_the_following(
    deaf: tuple[Revocations, MemoryBus], speaker: Revocations, clock: ManualClock
) -> None:
    revocations, bus = deaf
    now = clock.now().timestamp()
    await bus.publish("grants", "revoked", {"account_id": "nobody", "at": "never"})
    await speaker.record("test", account_id=ADA)
    bus.lose()
    assert await eventually(lambda: revocations.refuses(issued_at=now, account_id=ADA))
