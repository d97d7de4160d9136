"""Keeps certificates by ACME: ordered when there is none, renewed in time, tried again with growing pauses."""

import asyncio
import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import structlog
from pydantic import BaseModel, TypeAdapter, ValidationError

from firefly.clock import Clock
from firefly.errors import FireflyError, InvalidInput

from .authority import write
from .certificate import Certificate, Pair, read
from .proofs import Proof
from .shelf import Shelf

T = TypeVar("T")

log = structlog.get_logger()

STATUS = "status.json"
# Renewed after this part of a lifetime, and up to so much later, so that not all servers come at once.
DUE, JITTER = 2 / 3, 1 / 30
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=12)
# Authorities count orders by the hour or the week.
PAUSE_WHEN_LIMITED = timedelta(hours=1)
LOOK_EVERY = 3600.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """One certificate to have."""

    names: tuple[str, ...]
    proof: Proof

    @property
    def file(self) -> str:
        return f"{self.names[0].replace('*', '_wildcard')}.pem"


class Standing(BaseModel):
    """How it is with one certificate: for `firefly doctor`, and so that a restart does not try sooner."""

    names: tuple[str, ...]
    ends: datetime | None = None
    next: datetime
    """When it is renewed, or tried again."""
    failures: int = 0
    reason: str = ""
    """Why the last try failed; empty when it did not."""


STANDINGS = TypeAdapter(list[Standing])


class Renewal:
    """Owns `folder`: a file for each certificate, with its key, and what became of the last try.

    Parameters
    ----------
    wanted: asked anew each time, so that hosts may come and go
    order: the blocking call that gets one, `AcmeAuthority.order`
    """

    def __init__(
        self,
        folder: Path,
        *,
        shelf: Shelf,
        wanted: Callable[[], Iterable[Wanted]],
        order: Callable[[Sequence[str], Proof], bytes],
        clock: Clock,
    ) -> None:
        self._folder = folder
        self._shelf = shelf
        self._wanted = wanted
        self._order = order
        self._clock = clock
        self._standings = {standing.names: standing for standing in standings(folder)}
        self._asked = asyncio.Event()

    @property
    def wanted(self) -> list[Wanted]:
        return list(self._wanted())

    @property
    def standings(self) -> list[Standing]:
        """How it is with each certificate that is wanted."""
        return [found for one in self._wanted() if (found := self._standings.get(one.names))]

    def standing(self, name: str) -> Standing | None:
        """How it is with the certificate for one name; None where none was ordered yet."""
        return self._standings.get((name,))

    def load(self) -> None:
        """Serve what there is from before. What failed is tried again soon: somebody may have mended it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._hurry(self._clock.now() + FIRST_PAUSE)
        for wanted in self._wanted():
            self._take_up(wanted)

    def _take_up(self, wanted: Wanted) -> None:
        try:
            found = read(self._pair(wanted))
        except InvalidInput:
            log.info("certificate.awaited", names=wanted.names)
            return
        if set(found.names) == set(wanted.names):
            self._shelf.put(found.pair)
            self._recall(wanted, found)

    async def refresh(self) -> None:
        """Heed that other certificates are wanted now: serve what there is of them, drop others, order the rest."""
        await asyncio.to_thread(self._refresh)
        self._asked.set()

    def _refresh(self) -> None:
        wanted = {self._pair(one): one for one in self._wanted()}
        for certificate in self._shelf.certificates:
            if certificate.pair.certificate.parent == self._folder and certificate.pair not in wanted:
                self._shelf.drop(certificate.pair)
        for pair, one in wanted.items():
            if pair not in self._shelf:
                self._take_up(one)

    async def run(self) -> None:
        """Look after all of them, for ever."""
        while True:
            await self.look()
            soon = min((standing.next for standing in self.standings), default=None)
            left = (soon - self._clock.now()).total_seconds() if soon else LOOK_EVERY
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(max(left, 1), LOOK_EVERY)):
                    await self._asked.wait()
            self._asked.clear()

    def again(self) -> None:
        """Try at once what failed before."""
        self._hurry(self._clock.now())
        self._asked.set()

    def _hurry(self, latest: datetime) -> None:
        for names, standing in self._standings.items():
            if standing.failures and standing.next > latest:
                self._standings[names] = standing.model_copy(update={"next": latest})

    async def look(self) -> None:
        """Order what is missing or due, one after another."""
        for wanted in self.wanted:
            standing = self._standings.get(wanted.names)
            if standing is None or standing.next <= self._clock.now():
                await self._try(wanted, standing)

    async def _try(self, wanted: Wanted, before: Standing | None) -> None:
        log.info("certificate.ordered", names=wanted.names, proof=wanted.proof.kind)
        try:
            data = await _aside(lambda: self._order(wanted.names, wanted.proof))
            await asyncio.to_thread(self._keep, wanted, data)
        except (FireflyError, OSError) as error:
            standing = self._standings[wanted.names] = self._failed(wanted, before, error)
            log.warning(
                "certificate.failed", names=wanted.names, reason=standing.reason, next=standing.next.isoformat()
            )
        await asyncio.to_thread(self._write_status)

    def _keep(self, wanted: Wanted, data: bytes) -> None:
        pair = self._pair(wanted)
        new = Pair(pair.certificate.with_suffix(".new"), pair.certificate.with_suffix(".new"))
        write(new.certificate, data, mode=0o600)
        # What cannot be served does not take the place of what can.
        read(new)
        new.certificate.replace(pair.certificate)
        self._shelf.put(pair)
        self._note(wanted, read(pair))

    def _note(self, wanted: Wanted, found: Certificate) -> None:
        self._standings[wanted.names] = Standing(names=wanted.names, ends=found.ends, next=due_at(found))

    def _recall(self, wanted: Wanted, found: Certificate) -> None:
        """What a file from before means, together with what became of the last try to renew it."""
        before = self._standings.get(wanted.names)
        if before is None or not before.failures or before.ends != found.ends:
            self._note(wanted, found)
        else:
            self._standings[wanted.names] = before.model_copy(update={"next": max(due_at(found), before.next)})

    def _failed(self, wanted: Wanted, before: Standing | None, error: Exception) -> Standing:
        failures = (before.failures if before else 0) + 1
        pause = min(FIRST_PAUSE * 2 ** min(failures - 1, 12), LONGEST_PAUSE)
        if isinstance(error, FireflyError) and error.extra.get("code") == "rateLimited":
            pause = max(pause, PAUSE_WHEN_LIMITED)
        reason = error.detail if isinstance(error, FireflyError) else str(error)
        return Standing(
            names=wanted.names,
            ends=before.ends if before else None,
            next=self._clock.now() + pause,
            failures=failures,
            reason=reason,
        )

    def _pair(self, wanted: Wanted) -> Pair:
        path = self._folder / wanted.file
        return Pair(path, path)

    def _write_status(self) -> None:
        write(self._folder / STATUS, STANDINGS.dump_json(self.standings, indent=2), mode=0o600)


def standings(folder: Path) -> list[Standing]:
    """What was written last; nothing where that cannot be read."""
    try:
        return STANDINGS.validate_json((folder / STATUS).read_bytes())
    except (OSError, ValidationError):
        return []


def due_at(certificate: Certificate) -> datetime:
    """When to renew it; the same at each start."""
    lifetime = certificate.ends - certificate.begins
    mark = hashlib.sha256(json.dumps([certificate.names, certificate.ends.isoformat()]).encode()).digest()
    return certificate.begins + lifetime * (DUE + JITTER * int.from_bytes(mark[:4], "big") / 2**32)


async def _aside(work: Callable[[], T]) -> T:
    """Run what may block for minutes in a thread that does not keep the server from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except Exception as caught:
            error = caught
        # Where the server has ended meanwhile, nobody waits.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name="certificate", daemon=True).start()
    return await future
