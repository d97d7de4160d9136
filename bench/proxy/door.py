"""Firefly's front door by itself, with the real gate and grants and a thousand private routes."""

import asyncio
import gc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import uvloop

from firefly.adapters.gate import PreviewGate
from firefly.auth import Kind, PreviewGrants
from firefly.clock import SystemClock
from firefly.proxy import FrontDoor
from firefly.routes import Route, RouteTable, SandboxTarget
from firefly.secrets import Keyring
from firefly.testing.dialer import MemoryDialer

HOST = "shop--ann.preview.localhost"
ROUTES = 1000
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


async def serve(folder: Path, port: int, upstream: int) -> None:
    target = SandboxTarget(WORKSPACE)
    routes = [Route(f"p{n}--ann.preview.localhost", target, UUID(int=n)) for n in range(ROUTES)]
    table = RouteTable([*routes, Route(HOST, target, PROJECT)])
    dialer = MemoryDialer()
    dialer.serve(target, ("127.0.0.1", upstream))
    nothing = cast(Any, None)
    gate = PreviewGate(grants=grants(), opens=nothing, table=table, policies=nothing, visits=nothing)
    door = FrontDoor(
        table=table,
        gate=gate,
        dialer=dialer,
        app_path=folder / "app.sock",
        app_url="http://localhost:8000",
        content_domain="preview.localhost:8000",
    )
    await door.start(host="127.0.0.1", port=port)
    # As `firefly serve` does.
    gc.collect()
    gc.freeze()
    await asyncio.Event().wait()


def main(folder: str, port: int, upstream: int) -> None:
    uvloop.run(serve(Path(folder), port, upstream))
