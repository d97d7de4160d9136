"""One build that is under way here: it ends by itself, by its time limit, or because somebody asked."""

import asyncio
from dataclasses import dataclass, field

import structlog

from ...errors import FireflyError, Unavailable
from ..model import BuildState, Outcome
from ..seams import BuildLog, Runner
from .claims import Claimed, Ending

log = structlog.get_logger()

# What a runner has to leave nothing; who takes longer is left to himself.
GRACE = 10.0
BROKEN = "Something went wrong in Firefly; its log says what. Try again, or tell an administrator."


@dataclass(eq=False)
class Running:
    """`lost`: it is no longer ours, or to be tried once more, and nothing is written down of it; for the `reason`."""

    claimed: Claimed
    ending: Ending | None = None
    lost: bool = False
    reason: str = ""
    _asked: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self, ending: Ending | None) -> None:
        """None: it is lost."""
        if not self._asked.is_set():
            self.ending, self.lost = ending, ending is None
            self.reason = ending.reason if ending else "Another builds it."
            self._asked.set()

    async def run(self, runner: Runner, log: BuildLog) -> Outcome | None:
        """None where it is lost. Being cancelled ends the runner too."""
        task = asyncio.create_task(runner.run(self.claimed.build, log), name=f"build {self.claimed.build.id}")
        asked = asyncio.create_task(self._asked.wait())
        try:
            await asyncio.wait({task, asked}, timeout=self.claimed.limit, return_when=asyncio.FIRST_COMPLETED)
            if not task.done() and not asked.done():
                self.end(_timed_out(self.claimed.limit))
        finally:
            asked.cancel()
            if not task.done():
                await _ended(task)
        if self.lost:
            return None
        if self.ending is not None:
            return Outcome(state=self.ending.state, reason=self.ending.reason)
        return self._outcome(task)

    def _outcome(self, task: "asyncio.Task[Outcome]") -> Outcome | None:
        """None where a part was away: whoever takes it up when the lease is over may have more luck."""
        try:
            return task.result()
        except Unavailable as error:
            self.reason = error.detail
            return _failed(error.detail) if self.claimed.last else None
        except FireflyError as error:
            return _failed(error.detail)
        except asyncio.CancelledError:
            log.error("build.cancelled_itself", task=task.get_name())
        except Exception:
            log.exception("build.broken", task=task.get_name())
        return _failed(BROKEN)


async def _ended(task: "asyncio.Task[Outcome]") -> None:
    """Cancelled, and waited for; that of a build which does not heed it goes on until it notices."""
    task.cancel()
    _, pending = await asyncio.wait({task}, timeout=GRACE)
    if pending:
        log.error("build.does_not_end", task=task.get_name())
        task.add_done_callback(lambda done: done.cancelled() or done.exception())


def _failed(reason: str) -> Outcome:
    return Outcome(state=BuildState.FAILED, reason=reason)


def _timed_out(limit: float) -> Ending:
    return Ending(BuildState.TIMED_OUT, f"It ran for longer than {limit:g} seconds, which is its limit.")
