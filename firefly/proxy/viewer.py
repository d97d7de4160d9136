"""A browser that waits for a target: its answer is a page that grows while it waits, and replaces itself in the end.

It needs no script. Each part that is sent hides the one before it; the last one makes the browser ask again.
"""

from typing import TYPE_CHECKING, Final

from firefly.errors import SandboxFailed, Unavailable
from firefly.routes import AppTarget, Target

from . import delivery, parts
from .counting import count
from .pages import STILL_SILENT, failure
from .progress import EVERY, Progress, Step
from .stage import Stage

if TYPE_CHECKING:
    from .connection import Connection

# Browsers that look at one target, and at all of them; the others get a page that reloads itself.
MOST_OF_TARGET: Final = 64
MOST: Final = 512
# Of one page; whoever needs more begins a new one.
MOST_BYTES: Final = 64 * 1024


def may_view(client: "Connection", target: Target) -> bool:
    """Whether this request can be answered by such a page."""
    context, head = client.context, client.head
    if head is None or not head.is_navigation or head.method != b"GET" or not head.modern:
        return False
    if isinstance(target, AppTarget) or client.attempt is not None or context.draining:
        return False
    return len(context.viewers) < MOST and context.watches.viewers(target) < MOST_OF_TARGET


def look(client: "Connection") -> None:
    """Called four times a second for each browser that waits."""
    if client.viewer is not None:
        client.viewer.look()


def send_again(client: "Connection") -> None:
    """Let a browser that waits ask anew."""
    if client.viewer is not None:
        client.viewer.again()


def may_come(client: "Connection", target: Target, error: Exception) -> bool:
    """Whether a target that could not be reached only needs time, and its browser can look on meanwhile."""
    is_awake = client.context.watches.is_awake(target)
    return is_awake and isinstance(error, OSError | Unavailable) and may_view(client, target)


class Viewer:
    """One such page. Guests read only that it is on its way."""

    __slots__ = ("_began", "_client", "_line", "_second", "_step", "_step_began", "_watch", "sent", "target")

    def __init__(self, client: "Connection", target: Target) -> None:
        context = client.context
        self._client = client
        self.target = target
        self._began = client.since
        self._watch = context.watches.join(target)
        self._step: Step | None = None
        self._step_began = 0.0
        self._line = ""
        self._second = -1
        self.sent = 0
        context.viewers.add(client)
        client.viewer = self
        client.stage = Stage.HELD
        self._write(context.pages.begin(parts.top(client.request_id.decode())))

    def look(self) -> None:
        """Tell what is new, and end where there is a reason to."""
        client, progress = self._client, self._watch.progress
        context = client.context
        waited = context.now - self._began
        if context.draining or self.sent > MOST_BYTES:
            self.again()
        elif waited > context.limits.wake_time:
            self._time_out()
        elif client.waits is None and progress is not None and progress.ready and waited > EVERY:
            self.again()
        elif not client.write_paused:
            self._tell(progress, waited)

    def again(self, after: int = 0) -> None:
        """Let the browser ask again: there is something else to show now, perhaps."""
        self._end(parts.refresh(after))

    def failed(self, error: Exception) -> None:
        """The target could not be reached. Where it only needs time, go on looking, without dialing it."""
        client = self._client
        notice = failure(error, trusted=client.trusted)
        if isinstance(error, SandboxFailed) or not isinstance(error, OSError | Unavailable):
            self._end(parts.instead(notice))
        elif isinstance(error, Unavailable) and not client.context.watches.is_awake(self.target):
            self.again(max(1, round(error.retry_after)))

    def leave(self) -> None:
        """The page is written no further."""
        client = self._client
        client.viewer = None
        client.context.viewers.discard(client)
        client.context.watches.leave(self.target)

    def _time_out(self) -> None:
        client = self._client
        if client.waits is not None:
            self.again(1)
        else:
            # Each asking anew is activity, and a page that nobody looks at must not keep a sandbox awake.
            self._end(parts.instead(STILL_SILENT))

    def _tell(self, progress: Progress | None, waited: float) -> None:
        step, line = (progress.step, progress.detail) if progress and self._client.trusted else (None, "")
        text = ""
        if step is not self._step and step is not None:
            if self._step is not None:
                text = parts.done(self._step.value, waited - self._step_began)
            self._step, self._step_began = step, waited
        second = int(waited)
        if text or second != self._second:
            news = bool(text) or line != self._line
            self._second, self._line = second, line
            text += parts.now(self._step.value if self._step else parts.NEUTRAL, second, line, news=news)
            self._write(parts.chunk(text))

    def _end(self, last: str) -> None:
        client, sent = self._client, self.sent
        tally = client.context.tally(self.target)
        self.leave()
        delivery.give_up(client)
        if client.head is not None and client.context.draining:
            client.head.keep_alive = False
        data = parts.chunk(last) + parts.LAST
        client.transport.write(data)
        count(client, tally, 503, sent + len(data))
        client.context.call_soon(client.next)

    def _write(self, data: bytes) -> None:
        self.sent += len(data)
        self._client.transport.write(data)
