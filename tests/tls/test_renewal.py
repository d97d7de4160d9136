"""Renewing: when, how often after a failure, what is served meanwhile, and what outlives a restart."""

import asyncio
import stat
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from firefly.errors import Unavailable
from firefly.testing.clock import ManualClock
from firefly.tls import Shelf
from firefly.tls.certificate import read
from firefly.tls.proofs import PageProof, Proof
from firefly.tls.renewal import Renewal, Wanted, due_at, standings
from tests.support.certificates import TestAuthority
from tests.support.waiting import eventually

APP = Wanted(("firefly.test",), PageProof())
PREVIEWS = Wanted(("*.preview.test",), PageProof())
MINUTE = 60.0
DAY = 24 * 3600.0


@dataclass
class Orders:
    """An authority in memory; `fail` is what the next orders end with."""

    authority: TestAuthority
    fail: Exception | None = None
    asked: list[tuple[str, ...]] = field(default_factory=list)
    days: float = 90
    bad: bytes = b""
    before: Callable[[], object] = lambda: None

    def order(self, names: Sequence[str], proof: Proof) -> bytes:
        self.asked.append(tuple(names))
        self.before()
        if self.fail is not None:
            raise self.fail
        pair = self.authority.issue("ordered", *names, days=self.days)
        return self.bad or pair.key.read_bytes() + pair.certificate.read_bytes()


@dataclass
class Kept:
    folder: Path
    orders: Orders
    clock: ManualClock = field(default_factory=ManualClock)
    wanted: list[Wanted] = field(default_factory=lambda: [APP])

    def start(self) -> tuple[Renewal, Shelf]:
        shelf = Shelf()
        renewal = Renewal(
            self.folder, shelf=shelf, wanted=lambda: self.wanted, order=self.orders.order, clock=self.clock
        )
        renewal.load()
        return renewal, shelf


@pytest.fixture
def kept(authority: TestAuthority, tmp_path: Path) -> Kept:
    return Kept(tmp_path / "acme", Orders(authority))


async def test_what_is_missing_is_ordered_served_and_kept_for_its_owner_alone(kept: Kept) -> None:
    kept.wanted = [APP, PREVIEWS]
    renewal, shelf = kept.start()
    assert not shelf.certificates
    await renewal.look()
    assert kept.orders.asked == [("firefly.test",), ("*.preview.test",)]
    assert {name for one in shelf.certificates for name in one.names} == {"firefly.test", "*.preview.test"}
    assert {path.name for path in kept.folder.iterdir()} == {
        "firefly.test.pem",
        "_wildcard.preview.test.pem",
        "status.json",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept.folder.iterdir()} == {0o600}
    assert stat.S_IMODE(kept.folder.stat().st_mode) == 0o700


async def test_after_a_restart_it_is_served_at_once_and_not_ordered_again(kept: Kept) -> None:
    renewal, _ = kept.start()
    await renewal.look()
    renewal, shelf = kept.start()
    assert [one.names for one in shelf.certificates] == [("firefly.test",)]
    await renewal.look()
    assert len(kept.orders.asked) == 1


async def test_it_is_renewed_after_two_thirds_of_its_lifetime(kept: Kept) -> None:
    renewal, shelf = kept.start()
    await renewal.look()
    old = shelf.certificates[0]
    lifetime = old.ends - old.begins
    assert old.begins + lifetime * 2 / 3 <= renewal.standings[0].next <= old.begins + lifetime * 0.7001
    kept.clock.advance((renewal.standings[0].next - kept.clock.now()).total_seconds() - MINUTE)
    await renewal.look()
    assert shelf.certificates == (old,)
    kept.clock.advance(2 * MINUTE)
    await renewal.look()
    assert len(kept.orders.asked) == 2
    assert shelf.certificates[0].context is not old.context


def test_servers_that_were_set_up_together_do_not_come_together(authority: TestAuthority) -> None:
    found = [read(authority.issue(name, f"{name}.test")) for name in "abcdefgh"]
    parts = [(due_at(one) - one.begins) / (one.ends - one.begins) for one in found]
    assert len({round(part, 4) for part in parts}) > 4
    assert [due_at(one) for one in found] == [due_at(read(one.pair)) for one in found]


async def test_a_failure_is_told_and_tried_again_with_growing_pauses(kept: Kept) -> None:
    kept.orders.fail = Unavailable("The authority could not see the proof.")
    renewal, _ = kept.start()
    pauses = []
    for count in range(1, 13):
        await renewal.look()
        standing = renewal.standings[0]
        assert (standing.failures, standing.reason) == (count, "The authority could not see the proof.")
        assert standings(kept.folder) == [standing]
        pauses.append(standing.next - kept.clock.now())
        await renewal.look()
        assert len(kept.orders.asked) == count, "not before the pause is over"
        kept.clock.advance(pauses[-1].total_seconds())
    minutes = [pause / timedelta(minutes=1) for pause in pauses]
    assert minutes == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 720, 720]
    kept.orders.fail = None
    await renewal.look()
    assert (renewal.standings[0].failures, renewal.standings[0].reason) == (0, "")


async def test_an_authority_that_counts_orders_is_left_alone_for_an_hour(kept: Kept) -> None:
    kept.orders.fail = Unavailable("Too many.", code="rateLimited")
    renewal, _ = kept.start()
    await renewal.look()
    assert renewal.standings[0].next - kept.clock.now() == timedelta(hours=1)


async def test_the_old_one_is_served_while_a_renewal_fails(kept: Kept) -> None:
    renewal, shelf = kept.start()
    await renewal.look()
    old = shelf.certificates
    kept.clock.advance(80 * DAY)
    kept.orders.fail = Unavailable("Away.")
    await renewal.look()
    assert shelf.certificates == old
    assert renewal.standings[0].ends == old[0].ends
    # A new start serves it too, and waits its turn.
    renewal, shelf = kept.start()
    assert shelf.certificates[0].names == old[0].names
    await renewal.look()
    assert len(kept.orders.asked) == 2


async def test_what_cannot_be_served_does_not_take_the_place_of_what_can(kept: Kept) -> None:
    renewal, shelf = kept.start()
    await renewal.look()
    old, file = shelf.certificates, (kept.folder / "firefly.test.pem").read_bytes()
    kept.clock.advance(80 * DAY)
    kept.orders.bad = b"half of a certificate"
    await renewal.look()
    assert "cannot be used" in renewal.standings[0].reason
    assert (shelf.certificates, (kept.folder / "firefly.test.pem").read_bytes()) == (old, file)


@pytest.mark.parametrize("content", [b"", b"garbage"])
async def test_a_damaged_file_is_ordered_anew(content: bytes, kept: Kept) -> None:
    renewal, _ = kept.start()
    await renewal.look()
    (kept.folder / "firefly.test.pem").write_bytes(content)
    (kept.folder / "status.json").write_bytes(content)
    renewal, shelf = kept.start()
    assert not shelf.certificates
    await renewal.look()
    assert [one.names for one in shelf.certificates] == [("firefly.test",)]


async def test_a_restart_tries_soon_what_failed_but_not_at_once(kept: Kept) -> None:
    """Somebody may have mended it; a server that is started over and over must not use up its orders."""
    kept.orders.fail = Unavailable("Away.")
    renewal, _ = kept.start()
    for _ in range(8):
        await renewal.look()
        kept.clock.advance((renewal.standings[0].next - kept.clock.now()).total_seconds())
    await renewal.look()
    count = len(kept.orders.asked)
    renewal, _ = kept.start()
    await renewal.look()
    assert len(kept.orders.asked) == count
    kept.clock.advance(MINUTE)
    await renewal.look()
    assert len(kept.orders.asked) == count + 1


async def test_asking_tries_at_once_what_failed_and_only_that(kept: Kept) -> None:
    kept.wanted = [APP, PREVIEWS]
    renewal, _ = kept.start()
    await renewal.look()
    kept.wanted.append(Wanted(("other.test",), PageProof()))
    kept.orders.fail = Unavailable("Away.")
    running = asyncio.create_task(renewal.run())
    await eventually(lambda: len(kept.orders.asked) == 3)
    await eventually(lambda: len(renewal.standings) == 3)
    kept.orders.fail = None
    renewal.again()
    await eventually(lambda: all(not one.failures for one in renewal.standings))
    running.cancel()
    assert kept.orders.asked[3:] == [("other.test",)]


async def test_an_order_under_way_does_not_keep_the_server_from_ending(kept: Kept) -> None:
    never, begun = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        never.wait(60)

    kept.orders.before = hang
    renewal, _ = kept.start()
    running = asyncio.create_task(renewal.run())
    await eventually(begun.is_set)
    running.cancel()
    async with asyncio.timeout(30):
        await asyncio.gather(running, return_exceptions=True)
    never.set()
    assert running.cancelled()


async def test_what_is_wanted_later_is_ordered_and_what_is_wanted_no_more_is_not_served(kept: Kept) -> None:
    custom = Wanted(("www.example.org",), PageProof())
    renewal, shelf = kept.start()
    await renewal.look()
    running = asyncio.create_task(renewal.run())
    kept.wanted = [APP, custom]
    await renewal.refresh()
    await eventually(lambda: len(shelf.certificates) == 2)
    kept.wanted = [APP]
    await renewal.refresh()
    assert [one.names for one in shelf.certificates] == [("firefly.test",)]
    kept.wanted = [APP, custom]
    await renewal.refresh()
    assert [one.names for one in shelf.certificates] == [("firefly.test",), ("www.example.org",)]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert kept.orders.asked == [("firefly.test",), ("www.example.org",)], "what it had before was still good"
