"""How a request reaches its target and what happens when it does not: dialing, failures."""

import asyncio
from functools import partial
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING

import structlog

from firefly.errors import FireflyError
from firefly.routes import AppTarget, Target

from . import intake, pages, viewer
from .bodies import Endless
from .counting import count, fail
from .endings import cut_off, end
from .heads import BadHead
from .pages import Notice
from .stage import Stage
from .tally import Tally

if TYPE_CHECKING:
    from .connection import Connection
    from .context import Context
    from .upstream import Upstream

# RFC 9110, 9.2.2; TRACE is not passed on.
IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE"})

UNANSWERED = "It closed the connection before it answered."
CUT_SHORT = "It broke off in the middle of its answer."

log = structlog.get_logger()


class Wait:
    """One request waiting for one dial."""

    __slots__ = ("onward", "target", "task")

    def __init__(self, target: Target, onward: bytes) -> None:
        self.target = target
        self.onward = onward
        self.task: asyncio.Task[None] | None = None
        """Set while it may be cancelled."""


def deliver(client: "Connection", target: Target, onward: bytes) -> None:
    """Send the request to `target`, by an idle connection where a second try would do no harm."""
    head = client.head
    assert head is not None
    if head.fields.plain and head.method in IDEMPOTENT:
        upstream = client.context.pool.take(target)
        if upstream is not None:
            client.send(upstream, onward)
            return
    dial(client, target, onward)


def dial(client: "Connection", target: Target, onward: bytes) -> None:
    """Send the request by a new connection, as soon as there is one."""
    context, head = client.context, client.head
    assert head is not None
    if context.waiting.get(target, 0) >= context.limits.held or not context.pool.has_room(target):
        answer(client, pages.BUSY, tally=context.tally(target))
        return
    client.stage = Stage.HELD
    client.waits = wait = Wait(target, onward)
    if head.fields.length >= intake.LARGE:
        # What comes meanwhile waits in the kernel, and is copied less often.
        client.pause()
    context.held.add(client)
    context.waiting[target] = context.waiting.get(target, 0) + 1
    context.turns.take(partial(_start, client, wait))


def _start(client: "Connection", wait: Wait) -> None:
    context = client.context
    if client.waits is not wait:
        _dialed(context, wait.target, None)
        return
    wait.task = context.spawn(_dial(client, wait))
    wait.task.add_done_callback(partial(_dialed, context, wait.target))


def _dialed(context: "Context", target: Target, task: "asyncio.Task[None] | None") -> None:
    if task is not None and context.left.get(target) is task:
        del context.left[target]
    context.waiting[target] -= 1
    if not context.waiting[target]:
        del context.waiting[target]


async def _dial(client: "Connection", wait: Wait) -> None:
    context = client.context
    try:
        reached = await context.pool.reach(wait.target)
        wait.task = None
        upstream = await context.pool.connect(wait.target, reached)
    except (FireflyError, OSError, TimeoutError) as error:
        wait.task = None
        if client.waits is wait:
            give_up(client)
            _report(client, wait, error)
        return
    if client.waits is wait:
        give_up(client)
        if client.look is not None:
            client.look.reached = monotonic()
        if upstream.lost:
            _report(client, wait, ConnectionResetError("It closed the connection at once."))
        elif client.viewer is not None:
            context.pool.release(upstream)
            client.viewer.again()
        else:
            client.send(upstream, wait.onward)
    else:
        context.pool.release(upstream)


def give_up(client: "Connection") -> None:
    """Wait no longer for a dial. One for each target goes on, for the next who asks."""
    context = client.context
    wait, client.waits = client.waits, None
    context.held.discard(client)
    if wait is not None and wait.task is not None and context.left.setdefault(wait.target, wait.task) is not wait.task:
        wait.task.cancel()


def _report(client: "Connection", wait: Wait, error: Exception) -> None:
    """Try another member where there is one: nothing was sent yet, so that it does no harm."""
    if client.attempt is not None and client.attempt.again(client, wait.onward, str(error), sent=False):
        return
    tally = client.context.tally(wait.target)
    fail(client, tally, str(error))
    log.info("target.failed", request_id=client.request_id.decode(), target=repr(wait.target), error=str(error))
    if isinstance(wait.target, AppTarget):
        answer(client, pages.APP_AWAY, tally=tally)
    elif client.viewer is not None:
        client.viewer.failed(error)
    elif viewer.may_come(client, wait.target, error):
        viewer.Viewer(client, wait.target)
    else:
        answer(client, pages.failure(error, trusted=client.trusted), tally=tally)


def check_wait(client: "Connection") -> None:
    """Show a browser that waits long for a start how it goes, give anybody who waits too long an error."""
    context, head = client.context, client.head
    assert head is not None
    if client.attempt is not None and client.attempt.moves_on(client):
        return
    waited = context.now - client.since
    slow = waited > context.limits.page_after and head.is_navigation
    if client.waits is None or client.viewer is not None or not (slow or waited > context.limits.wake_time):
        return
    target = client.waits.target
    if slow and viewer.may_view(client, target):
        viewer.Viewer(client, target)
        return
    give_up(client)
    answer(client, pages.APP_AWAY if isinstance(target, AppTarget) else pages.STARTING, tally=context.tally(target))


def bad_gateway(client: "Connection", why: str) -> None:
    """What the target sent cannot be passed on."""
    upstream, client.upstream = client.upstream, None
    log.warning("upstream.malformed", request_id=client.request_id.decode(), why=why)
    if upstream is not None:
        upstream.abort()
    if upstream is not None and _may_go_elsewhere(client, upstream, why):
        return
    tally = upstream.slot.tally if upstream is not None else client.context.own
    fail(client, tally, why)
    if upstream is not None and upstream.reader is not None:
        count(client, tally, upstream.status, upstream.passed)
        cut_off(client, upstream.reader)
    else:
        answer(client, pages.BAD_GATEWAY, tally=tally)


def _may_go_elsewhere(client: "Connection", upstream: "Upstream", why: str) -> bool:
    """Whether another member of the target gets a request that one broke, because a second try does no harm."""
    head, attempt = client.head, client.attempt
    if attempt is None or head is None:
        return False
    if upstream.reader is None and head.fields.plain and head.method in IDEMPOTENT:
        return attempt.again(client, client.onward, why, sent=True)
    attempt.failed(why)
    return False


def lost_upstream(client: "Connection", upstream: "Upstream", error: Exception | None) -> None:
    """The target closed its connection before its answer had ended, or to end it."""
    client.upstream = None
    tally = upstream.slot.tally
    if upstream.reader is not None:
        count(client, tally, upstream.status, upstream.passed)
    if isinstance(upstream.reader, Endless) and error is None:
        upstream.slot.well = True
        client.next()
    elif upstream.reused and not upstream.spoken:
        client.context.counters["retried"] += 1
        dial(client, upstream.slot.target, client.onward)
    elif _may_go_elsewhere(client, upstream, str(error or "It closed the connection.")):
        return
    elif upstream.reader is not None:
        fail(client, tally, CUT_SHORT)
        cut_off(client, upstream.reader)
    else:
        fail(client, tally, str(error or UNANSWERED))
        log.info("upstream.closed", request_id=client.request_id.decode(), error=str(error or ""))
        app = isinstance(upstream.slot.target, AppTarget)
        answer(client, pages.APP_AWAY if app else pages.BAD_GATEWAY, tally=tally)


def answer(client: "Connection", notice: Notice, *, tally: Tally | None = None) -> None:
    """Answer in the target's place; counted with what is for such targets."""
    head = client.head
    assert head is not None
    if head.length:
        head.keep_alive = False
    client.stage = Stage.HELD
    page = client.context.pages.render(notice, head, request_id=client.request_id)
    client.transport.write(page)
    count(client, tally or client.context.own, notice.status, len(page), refused=notice.kind == pages.REFUSED.kind)
    client.context.call_soon(client.next)


def reject(client: "Connection", error: BadHead, *, begun: bytes = b"") -> None:
    """Refuse what cannot be read, and read no more of it."""
    client.context.counters["malformed"] += 1
    client.body = None
    clear = begun and client.context.hosts.may_be_content(begun)
    fields = b'Clear-Site-Data: "cookies"\r\n' if clear else b""
    notice = Notice(error.status, "malformed", HTTPStatus(error.status).phrase, str(error), fields=fields)
    page = client.context.pages.render(notice, None)
    client.transport.write(page)
    count(client, client.context.own, error.status, len(page))
    client.buffer = b""
    end(client, unread=True)
