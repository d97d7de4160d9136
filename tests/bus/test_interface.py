"""Subscriptions: bounded, honest about what was lost, and ended with the bus."""

import asyncio
from contextlib import aclosing

import pytest

from firefly.bus import MISSED, Event, Subscription
from firefly.bus.interface import QUEUE
from firefly.bus.postgres import encode
from firefly.errors import TooLarge
from firefly.testing.bus import MemoryBus


def event(number: int, topic: str = "events") -> Event:
    return Event(topic, "tick", {"n": number}, number)


async def drained(subscription: Subscription) -> list[str]:
    """What waits, up to the end of the iteration."""
    subscription.end()
    async with asyncio.timeout(30):
        return [found.kind async for found in subscription]


async def test_other_topics_are_passed_over() -> None:
    subscription = Subscription(set(), frozenset({"events"}))
    subscription.offer(event(1))
    subscription.offer(event(2, "routes"))
    assert await drained(subscription) == ["tick"]


async def test_an_overflow_leaves_one_notice_and_what_came_after() -> None:
    subscription = Subscription(set(), frozenset({"events"}))
    for number in range(QUEUE + 3):
        subscription.offer(event(number))
    assert subscription.missed
    assert await drained(subscription) == [MISSED, "tick", "tick"]


async def test_nothing_grows_while_nobody_reads() -> None:
    subscription = Subscription(set(), frozenset({"events"}))
    for number in range(QUEUE * 5):
        subscription.offer(event(number))
        assert subscription._queue.qsize() <= QUEUE + 1


async def test_a_full_queue_still_ends() -> None:
    subscription = Subscription(set(), frozenset({"events"}))
    for number in range(QUEUE):
        subscription.offer(event(number))
    assert len(await drained(subscription)) == QUEUE


async def test_the_end_is_final() -> None:
    bus = MemoryBus()
    async with bus.subscribe("events") as subscription:
        await bus.publish("events", "tick", {})
        await bus.close()
        assert (await anext(subscription)).kind == "tick"
        for _ in range(2):
            with pytest.raises(StopAsyncIteration):
                await asyncio.wait_for(anext(subscription), 30)


async def test_a_subscription_leaves_with_its_block() -> None:
    bus = MemoryBus()
    with pytest.raises(KeyError):
        async with bus.subscribe("events"):
            raise KeyError
    assert not bus._subscriptions


def test_a_notification_has_room_for_the_largest_event() -> None:
    text = encode("events", "kind", {"text": "x" * 7500})
    assert len(f"{2**63} {text}".encode()) < 8000
    with pytest.raises(TooLarge):
        encode("events", "kind", {"text": "x" * 7700})


async def test_the_twin_keeps_what_was_published() -> None:
    bus = MemoryBus()
    await bus.publish("routes", "route.added", {"host": "a"})
    assert [(found.topic, found.kind, found.data) for found in bus.published] == [
        ("routes", "route.added", {"host": "a"})
    ]


async def test_whoever_hears_for_ever_is_told_that_something_was_missed_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("firefly.bus.interface.PAUSE", 0)
    bus = MemoryBus()
    async with asyncio.timeout(30), aclosing(bus.hear("events")) as events:
        for _ in range(2):
            assert (await anext(events)).kind == MISSED
            await bus.publish("events", "tick", {})
            assert (await anext(events)).kind == "tick"
            await bus.close()
