"""Upgrades: replayed to what the app names, and joined to the client once their target has agreed."""

import asyncio
from typing import TYPE_CHECKING

import structlog

from firefly.errors import FireflyError
from firefly.routes import AppTarget, BridgeTarget, Target

from . import forwarded, pages
from .answers import Answer
from .counting import count
from .delivery import answer, bad_gateway, dial
from .heads import Head
from .stage import Stage
from .tunnel import join
from .tunnels import FIELD_PREFIX, HANDLE_FIELD, TARGET_FIELD

if TYPE_CHECKING:
    from .connection import Connection
    from .upstream import Upstream

_HANDLE = HANDLE_FIELD.lower().encode()
_TARGET = TARGET_FIELD.lower().encode()
_PREFIX = FIELD_PREFIX.lower().encode()

log = structlog.get_logger()


def tunnel(client: "Connection", upstream: "Upstream", answered: Answer, rest: bytes) -> bool:
    """Replay an upgrade to the target that the app names; False when the answer asks for no such thing."""
    handle = answered.own.get(_HANDLE)
    head = client.head
    assert head is not None
    if handle is None or not isinstance(upstream.slot.target, AppTarget):
        return False
    client.upstream = upstream.client = None
    if answered.keep_alive and answered.length == len(rest):
        client.context.pool.release(upstream)
    else:
        upstream.close()
    if not head.upgrade:
        answer(client, pages.BAD_GATEWAY)
        return True
    client.stage = Stage.HELD
    client.context.spawn(_replay(client, head, answered, handle.decode("ascii", "replace")))
    return True


async def _replay(client: "Connection", head: Head, answered: Answer, handle: str) -> None:
    """Send the upgrade to what the handle stands for, as the app dressed it."""
    cuts = client.context.cuts
    target = await _redeem(client, handle)
    if client.head is not head or client.transport.is_closing():
        return
    if target is None:
        answer(client, pages.BAD_GATEWAY)
        return
    fields = b"".join(
        b"%b: %b\r\n" % (name.removeprefix(_PREFIX), value)
        for name, value in answered.own.items()
        if name.startswith(_PREFIX)
    )
    client.holder = target.holder if isinstance(target, BridgeTarget) else None
    if client.holder is not None and client.context.cuts != cuts:
        # Access was taken away from somebody before it could be seen whose tunnel this is.
        answer(client, pages.APP_AWAY)
        return
    path = answered.own.get(_TARGET, head.target)
    dial(client, target, forwarded.to_tunnel(head, path, fields, client.visitor.lines(head), client.request_id))


async def _redeem(client: "Connection", handle: str) -> Target | None:
    context = client.context
    try:
        async with asyncio.timeout(context.limits.gate_time):
            return await context.redeem(handle)
    except (FireflyError, OSError, TimeoutError) as error:
        log.warning("tunnel.not_redeemed", request_id=client.request_id.decode(), error=str(error))
        return None


def switch(client: "Connection", upstream: "Upstream", answered: Answer, rest: bytes) -> None:
    """The target agreed to the upgrade: from here on bytes pass as they are."""
    head = client.head
    assert head is not None
    if head.upgrade is None or answered.upgrade is None or not _same(head.upgrade, answered.upgrade):
        bad_gateway(client, "It changed to a protocol that it was not asked for.")
        return
    lines = b"Connection: Upgrade\r\nUpgrade: %b\r\n" % answered.upgrade
    begun = answered.compose(lines) + rest
    client.transport.write(begun)
    upstream.slot.well = True
    count(client, upstream.slot.tally, answered.status, len(begun))
    client.upstream = upstream.client = None
    client.stage = Stage.GONE
    client.context.connections.discard(client)
    near, _ = join(client.transport, upstream.transport, upstream.slot, client.context.pipes)
    near.head, near.holder = (head if client.dress.preview else None), client.holder
    near.seat = client.seat
    client.resume()
    if client.buffer:
        upstream.transport.write(client.buffer)
    if client.ended:
        near.eof_received()


def _same(asked: bytes, agreed: bytes) -> bool:
    """Whether these are one protocol, of whatever version."""
    return asked.lower().partition(b"/")[0] == agreed.lower().partition(b"/")[0]
