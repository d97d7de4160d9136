"""How a command that is to serve gets there, and how one ended, in words."""

import asyncio
import time

from firefly.bridge.application.board import Board
from firefly.bridge.application.ports import accepts, of_nobody, ports_of
from firefly.bridge.application.stillness import Stillness
from firefly.bridge.process import Running
from firefly.bridge.tasks import for_ever
from firefly.protocol.application import LISTEN, State
from firefly.protocol.errors import MANIFEST_NAME

SLOW_START = 30.0
# Seconds of doing nothing after which it is not expected any more, and after which where it listens elsewhere already.
STILL, STILL_ELSEWHERE = 30.0, 5.0
_KILLED = frozenset({-9, 137})
_OTHER_PORT_AFTER = 1.5
# Seconds for which the port that was meant may be opened after another one, which was for numbers or debugging.
_MAY_STILL_COME = 60.0


async def arrive(command: Running, board: Board, *, port: int, restarts: int, stillness: Stillness | None) -> None:
    """Say when it is ready, on its port or, where it ignores $PORT, on the one that it took. Until cancelled.

    `stillness` None: it stands for an image beside this sandbox, of which no process can be seen from here.
    """
    began, pause, told = time.monotonic(), 0.02, (waiting_for(port), False)
    while not await accepts(port):
        waited = time.monotonic() - began
        if waited > _OTHER_PORT_AFTER:
            taken = await (asyncio.to_thread(ports_of, command.pid) if stillness else asyncio.to_thread(of_nobody))
            # It may have been opened since it was tried.
            taken.discard(port)
            if len(taken) == 1:
                await _elsewhere(board, taken.pop(), port=port, restarts=restarts)
                break
            still = await asyncio.to_thread(stillness.lasts) if stillness else 0.0
            if (said := _said(port, taken, waited, still)) != told:
                told = said
                board.set(State.STARTING, said[0], stalled=said[1])
        await asyncio.sleep(pause)
        # One that is not there by now may never come, and looking for it costs.
        pause = min(pause * 1.1, 2.0 if waited > SLOW_START else 0.5)
    board.set(State.RUNNING, f"Running on port {port}.", port=port, restarts=restarts)
    await for_ever()


def waiting_for(port: int) -> str:
    return f"Waiting for port {port}."


def _said(port: int, taken: set[int], waited: float, still: float) -> tuple[str, bool]:
    """Why it is not there yet, and whether it is still to be expected no more."""
    if taken and still > STILL_ELSEWHERE:
        ports = " and ".join(map(str, sorted(taken)[:5]))
        named = f"It listens on the ports {ports}, and not on $PORT, which is {port}."
        return f"{named} Give the one that is to be shown as `port` in {MANIFEST_NAME}.", True
    if still > STILL:
        return f"Nothing listens on port {port}, and nothing has happened for {STILL:.0f} s. {LISTEN}", True
    if waited > SLOW_START:
        return f"Port {port} is not open after {SLOW_START:.0f} s. See the output.", False
    return waiting_for(port), False


async def _elsewhere(board: Board, other: int, *, port: int, restarts: int) -> None:
    """It is shown where it listens, until that which was meant is opened after all."""
    reason = f"Running on port {other}; it does not listen on $PORT, which is {port}."
    board.set(State.RUNNING, reason, port=other, restarts=restarts)
    ends_at = time.monotonic() + _MAY_STILL_COME
    while not await accepts(port):
        if time.monotonic() > ends_at:
            await for_ever()
        await asyncio.sleep(0.5)


def ended(what: str, code: int) -> str:
    """A shell tells a signal as 128 and its number."""
    if code in _KILLED:
        return (
            f"The {what} was killed, as happens where the sandbox's memory is used up: let it need less, or ask for "
            f"more in {MANIFEST_NAME} (`resources: {{memory: …}}`)."
        )
    return f"The {what} ended with exit status {code}."
