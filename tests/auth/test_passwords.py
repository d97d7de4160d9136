"""Passwords: argon2id, off the loop, two at a time, and the same cost for somebody and nobody."""

import asyncio
import threading
from typing import Literal

import pytest
from argon2 import PasswordHasher, extract_parameters

from firefly.auth import Passwords
from firefly.auth import passwords as module
from firefly.errors import InvalidInput, Unavailable
from tests.support.waiting import eventually

from .conftest import CHEAP

GOOD = "correct horse battery"


class Watched(PasswordHasher):
    """Counts how many hashes are computed at one time, and where; each waits for `gate`."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=64, parallelism=1)
        self.now = self.most = self.verified = 0
        self.threads: set[int] = set()
        self.gate = threading.Event()
        self.gate.set()
        self._lock = threading.Lock()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        with self._lock:
            self.now += 1
            self.verified += 1
            self.most = max(self.most, self.now)
            self.threads.add(threading.get_ident())
        assert self.gate.wait(30)
        with self._lock:
            self.now -= 1
        return super().verify(hash, password)


async def test_the_right_one_and_only_that_one() -> None:
    passwords = Passwords(CHEAP)
    hashed = await passwords.hash(GOOD)
    assert await passwords.verify(hashed, GOOD)
    assert not await passwords.verify(hashed, GOOD + " ")
    assert not await passwords.verify(hashed, "")
    assert not await passwords.verify("no hash", GOOD)


async def test_hashes_are_argon2id_at_the_cost_of_rfc_9106() -> None:
    parameters = extract_parameters(await Passwords().hash(GOOD))
    assert parameters.type.name == "ID"
    assert (parameters.memory_cost, parameters.time_cost) == (65536, 3)


async def test_two_at_once_and_never_on_the_loop() -> None:
    hasher = Watched()
    passwords = Passwords(hasher)
    hashed = await passwords.hash(GOOD)
    hasher.gate.clear()
    async with asyncio.TaskGroup() as group:
        checks = [group.create_task(passwords.verify(hashed, GOOD)) for _ in range(10)]
        await eventually(lambda: hasher.now == 2)
        hasher.gate.set()
    assert all(check.result() for check in checks)
    assert hasher.most == 2
    assert threading.get_ident() not in hasher.threads


async def test_nobody_costs_as_much_as_somebody() -> None:
    hasher = Watched()
    passwords = Passwords(hasher)
    assert not await passwords.verify(None, GOOD)
    assert not await passwords.verify(None, "nobody's password")
    assert not await passwords.verify(await passwords.hash(GOOD), "wrong password")
    assert hasher.verified == 3


async def test_a_crowd_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING", 4)
    passwords = Passwords(Watched())
    hashed = await passwords.hash(GOOD)
    results = await asyncio.gather(*(passwords.verify(hashed, GOOD) for _ in range(9)), return_exceptions=True)
    assert [type(result) for result in results].count(Unavailable) == 5
    assert await passwords.verify(hashed, GOOD)


@pytest.mark.parametrize("password", ["", "short", "x" * 9, "x" * 257])
async def test_length_is_checked(password: str) -> None:
    with pytest.raises(InvalidInput, match="10 to 256"):
        await Passwords(CHEAP).hash(password)


async def test_a_novel_is_no_password() -> None:
    passwords = Passwords(CHEAP)
    hashed = await passwords.hash("x" * 256)
    assert not await passwords.verify(hashed, "x" * 1_000_000)


async def test_composition_of_characters_does_not_matter() -> None:
    passwords = Passwords(CHEAP)
    assert await passwords.verify(await passwords.hash("Zürich im Mai"), "Zu\u0308rich im Mai")


async def test_who_goes_away_leaves_the_place_taken_until_the_thread_has_ended() -> None:
    hasher = Watched()
    passwords = Passwords(hasher)
    hashed = await passwords.hash(GOOD)
    assert await passwords.verify(hashed, GOOD)
    hasher.gate.clear()
    gone = [asyncio.create_task(passwords.verify(hashed, GOOD)) for _ in range(2)]
    await eventually(lambda: hasher.now == 2)
    for check in gone:
        check.cancel()
    await asyncio.wait(gone)
    patient = asyncio.create_task(passwords.verify(hashed, GOOD))
    queued = asyncio.create_task(passwords.verify(hashed, GOOD))
    # Long enough for a thread that need not wait to be among them.
    await asyncio.to_thread(lambda: None)
    queued.cancel()
    hasher.gate.set()
    assert await patient
    assert hasher.most == 2
    await eventually(lambda: passwords._queued == 0)
