"""Firefly's front door by itself, with the real gate and grants and a thousand private routes."""

import asyncio
import gc
import json
import random
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import uvloop

from firefly.adapters.gate import PreviewGate
from firefly.auth import Kind, PreviewGrants
from firefly.clock import SystemClock
from firefly.proxy import Dialer, FrontDoor
from firefly.routes import Route, RouteTable, SandboxTarget, Target
from firefly.secrets import Keyring
from firefly.testing.dialer import MemoryDialer

from .stored import opened, running

HOST = "shop--ann.preview.localhost"
ROUTES = 1000
# Seconds that a sleeping target takes, one more than another: a browser gets a page meanwhile, a program waits.
WAKE = 1.3, 2.3
PROJECT, ACCOUNT, WORKSPACE = UUID(int=1), UUID(int=2), UUID(int=3)


class NothingRevoked:
    """Stands for auth's mirror of revocations, which needs a database to be filled from."""

    def on_record(self, listener: object) -> None:
        """Nobody is told: nothing is revoked here."""

    def refuses(self, **ids: object) -> bool:
        return False


def grants() -> PreviewGrants:
    keyring = Keyring(("a root key that only benchmarks know, long enough",))
    return PreviewGrants(cast(Any, None), keyring, cast(Any, NothingRevoked()), SystemClock())


def grant(visitor: int) -> str:
    """The value of a visitor's grant cookie for the project of HOST."""
    account, made = UUID(int=ACCOUNT.int + visitor), grants()
    # Its cookie lives as long as the grant, so that none is renewed meanwhile.
    ends_at = datetime.now(UTC) + timedelta(hours=1)
    return made.seal(made.make(Kind.MEMBER, PROJECT, 1, account_id=account, session_id=account, ends_at=ends_at))


class Sleepers(MemoryDialer):
    """Targets that take a while to wake, and each of which wakes once."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__()
        self._address = address
        self._woken: dict[Target, asyncio.Task[None]] = {}

    async def dial(self, target: Target) -> tuple[str, socket.socket]:
        if target not in self.instances:
            task = self._woken.setdefault(target, asyncio.create_task(self._wake(target)))
            await asyncio.shield(task)
        return await super().dial(target)

    async def _wake(self, target: Target) -> None:
        await asyncio.sleep(random.uniform(*WAKE))
        self.serve(target, self._address)


def make(folder: Path, table: RouteTable, dialer: Dialer) -> FrontDoor:
    nothing = cast(Any, None)
    gate = PreviewGate(grants=grants(), opens=nothing, table=table, policies=nothing, visits=nothing)
    return FrontDoor(
        table=table,
        gate=gate,
        dialer=dialer,
        app_path=folder / "app.sock",
        app_url="http://localhost:8000",
        content_domain="preview.localhost:8000",
    )


def shown(host: str, project: UUID = PROJECT) -> Route:
    """A route to the upstream."""
    return Route(host, SandboxTarget(WORKSPACE), project)


def sleeper(number: int) -> Route:
    """A route to a target of its own, which sleeps."""
    return Route(f"sleeper-{number}--ann.preview.localhost", SandboxTarget(UUID(int=(1 << 64) + number)), PROJECT)


def _tell(path: str, table: RouteTable) -> None:
    """Send a datagram for each route that comes into the table: when it was there, and its host."""
    teller = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    teller.connect(path)

    def told(routes: Sequence[Route], _gone: Sequence[str]) -> None:
        for route in routes:
            teller.send(f"{time.perf_counter()} {route.host}".encode())

    table.on_change(told)


async def serve(folder: str, port: int, upstream: int, *, dsn: str = "", sleepers: int = 0, tell: str = "") -> None:
    """Serve with a thousand routes of its own; `dsn`: with those of a database, whose changes it follows.

    `tell`: a socket of datagrams that hears of each change which comes after the start.
    """
    table = RouteTable(shown(f"p{n}--ann.preview.localhost", UUID(int=n)) for n in range(ROUTES))
    table.put(shown(HOST), *map(sleeper, range(sleepers)))
    dialer = Sleepers(("127.0.0.1", upstream))
    dialer.serve(SandboxTarget(WORKSPACE), ("127.0.0.1", upstream))
    async with AsyncExitStack() as stack:
        if dsn:
            _, store = await stack.enter_async_context(opened(dsn, table))
            if tell:
                _tell(tell, table)
            stack.enter_context(running(store.follow()))
        await make(Path(folder), table, dialer).start(host="127.0.0.1", port=port)
        # As `firefly serve` does.
        gc.collect()
        gc.freeze()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(**json.loads(sys.argv[1])))
