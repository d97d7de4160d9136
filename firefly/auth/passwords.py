"""Hashing and checking passwords: argon2id, in threads, two at once."""

import asyncio
import unicodedata
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..errors import InvalidInput, Unavailable

T = TypeVar("T")

SHORTEST, LONGEST = 10, 256
# One takes 64 MiB and about 50 ms of a processor: few at a time, and no endless queue of them.
AT_ONCE, WAITING = 2, 50


class Passwords:
    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._queued = 0
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        """Raises InvalidInput for a password that is too short or too long."""
        prepared = _prepare(password)
        if not SHORTEST <= len(prepared) <= LONGEST:
            raise InvalidInput(f"A password has {SHORTEST} to {LONGEST} characters.", field="password")
        return await self._in_thread(self._hasher.hash, prepared)

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Whether `password` is the one of `hashed`; None (nobody, or no password) takes as long and is never right."""
        prepared = _prepare(password)[: LONGEST + 1]
        if self._decoy is None:
            self._decoy = await self._in_thread(self._hasher.hash, "nobody's password")
        return await self._in_thread(self._check, hashed or self._decoy, prepared) and hashed is not None

    def needs_rehash(self, hashed: str) -> bool:
        return self._hasher.check_needs_rehash(hashed)

    def _check(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, function: Callable[..., T], *args: str) -> T:
        if self._queued >= WAITING:
            raise Unavailable("Too many people are signing in at this moment. Try again shortly.")
        self._queued += 1
        try:
            await self._slots.acquire()
        except BaseException:
            self._queued -= 1
            raise
        work = asyncio.ensure_future(asyncio.to_thread(function, *args))
        work.add_done_callback(self._end)
        # A thread cannot be stopped: whoever goes away leaves it its place until it has ended.
        return await asyncio.shield(work)

    def _end(self, work: "asyncio.Task[T]") -> None:
        self._slots.release()
        self._queued -= 1
        if not work.cancelled():
            work.exception()


def _prepare(password: str) -> str:
    # The same password typed on another keyboard may arrive composed differently.
    return unicodedata.normalize("NFKC", password)
