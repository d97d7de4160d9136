"""Where a request goes: host, gate, target."""

import asyncio
from typing import TYPE_CHECKING

import structlog

from firefly.routes import AppTarget, Route, Spread

from . import delivery, hosts, pages, takeover
from .answers import Dress
from .attempt import spread
from .forwarded import to_app, to_sandbox
from .gate import ALLOW, MEMBER, Verdict
from .heads import Head
from .hosts import CONTENT, Part
from .pages import Notice
from .pool import APP

if TYPE_CHECKING:
    from .connection import Connection
    from .context import Context

log = structlog.get_logger()

RESERVED = b"/.firefly/"
# What a load balancer asks for by bare address.
PROBES = frozenset({b"/healthz", b"/readyz"})
REFUSED_METHODS = frozenset({b"CONNECT", b"TRACE"})


def receive(client: "Connection", head: Head) -> None:
    """Decide on one request and set it on its way."""
    context = client.context
    client.request_id = context.request_id()
    client.trusted = False
    if context.requests >= context.look_at:
        context.look_at = context.journal.look(client, context.requests)
    if head.method in REFUSED_METHODS:
        delivery.answer(client, pages.METHOD)
        return
    # A proxy's connection counts for whoever asks by it.
    if client.visitor.believed and not client.seat.belong(client.visitor.client(head).decode()):
        delivery.answer(client, pages.TOO_MANY)
        return
    part, route = context.hosts.resolve(head.fields.host)
    if part is CONTENT:
        head.visitor = client.visitor
        if head.target.startswith(RESERVED):
            _to_app(client, head, content=True)
        else:
            _admit(client, head, route, context.gate.decide(route, head))
    elif part is hosts.APP or head.target in PROBES or (part is Part.ADDRESS and not head.is_navigation):
        _to_app(client, head, content=False)
    elif part is Part.ADDRESS:
        delivery.answer(client, pages.elsewhere(307, context.hosts.app_url + head.target.decode("ascii")))
    else:
        delivery.answer(client, pages.MISDIRECTED)


def _admit(client: "Connection", head: Head, route: Route | None, verdict: Verdict) -> None:
    context = client.context
    if route is not None and (verdict is MEMBER or verdict is ALLOW):
        client.trusted = verdict is MEMBER
        _let_through(client, head, route, context.preview_dress)
    elif route is not None and verdict is Verdict.RENEW:
        _renew(client, head, route)
    elif verdict is Verdict.TO_APP:
        context.counters["sent_to_app"] += 1
        _to_app(client, head, content=True)
    elif verdict is Verdict.NO_WORKER:
        context.counters["refused"] += 1
        delivery.answer(client, takeover.worker_refused(head, route.taken_over_at if route else None))
    elif verdict is Verdict.UNSURE:
        context.counters["refused"] += 1
        delivery.answer(client, pages.UNSURE)
    elif verdict is Verdict.ASK:
        context.counters["asked"] += 1
        context.spawn(_ask(client, head, route))
    else:
        context.counters["refused"] += 1
        delivery.answer(client, pages.refused(head))


def _renew(client: "Connection", head: Head, route: Route) -> None:
    context = client.context
    verdict, lines = context.gate.renew(route, head)
    context.counters["renewed"] += 1
    if verdict is not MEMBER and verdict is not ALLOW:
        context.counters["refused"] += 1
        delivery.answer(client, pages.refused(head))
        return
    client.trusted = verdict is MEMBER
    _let_through(client, head, route, Dress(context.preview_dress.lines + lines, preview=True))


def _let_through(client: "Connection", head: Head, route: Route, dress: Dress) -> None:
    context, target = client.context, route.target
    if route.redirect_to is not None:
        host = context.hosts.like(head.host, route.redirect_to)
        delivery.answer(client, pages.elsewhere(308, f"//{host}{head.target.decode('ascii')}"))
    elif isinstance(target, AppTarget):
        _to_app(client, head, content=True)
    elif client.seat.host is not route.host and not client.seat.show(route.host):
        delivery.answer(client, pages.CROWDED)
    else:
        client.dress = dress
        if route.taken_over_at is not None and (step := takeover.step(head, route.taken_over_at)) is not None:
            if isinstance(step, Notice):
                delivery.answer(client, step)
                return
            head, client.dress = takeover.without_cookies(head), Dress(dress.lines + step, preview=True)
        onward = to_sandbox(head, client.visitor.lines(head), client.request_id)
        if type(target) is Spread:
            spread(client, target, onward)
        else:
            delivery.deliver(client, target, onward)


async def still_passes(context: "Context", head: Head) -> bool:
    """Whether a request that was let through to a preview would be let through now, or may go on."""
    route = context.hosts.resolve(head.host)[1]
    if route is not None and context.gate.stands(route, head):
        return True
    verdict = context.gate.decide(route, head)
    if verdict is Verdict.ASK:
        verdict = await _ask_gate(context, head, route)
    return route is not None and verdict in (Verdict.ALLOW, Verdict.MEMBER, Verdict.RENEW)


async def _ask_gate(context: "Context", head: Head, route: Route | None) -> Verdict:
    """What the gate says now; asked again where access was taken away while it looked."""
    async with asyncio.timeout(context.limits.gate_time):
        while True:
            cuts = context.cuts
            verdict = await context.gate.ask(route, head)
            if cuts == context.cuts:
                return verdict


async def _ask(client: "Connection", head: Head, route: Route | None) -> None:
    try:
        verdict: Verdict | None = await _ask_gate(client.context, head, route)
    # Whatever it is: nobody else would ever answer.
    except Exception as error:
        log.warning("gate.failed", request_id=client.request_id.decode(), error=repr(error))
        verdict = None
    if client.head is not head or client.transport.is_closing():
        return
    if verdict is None:
        delivery.answer(client, pages.APP_AWAY)
    else:
        _admit(client, head, route, Verdict.REFUSE if verdict is Verdict.ASK else verdict)


def _to_app(client: "Connection", head: Head, *, content: bool) -> None:
    delivery.deliver(client, APP, to_app(head, client.visitor, client.request_id, content=content))
