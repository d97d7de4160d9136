"""How a command that is to serve gets there, and how one ended, in words."""

import asyncio
import time

from firefly.bridge.application.board import Board
from firefly.bridge.application.ports import accepts, of_nobody, ports_of
from firefly.bridge.process import Running
from firefly.bridge.tasks import for_ever
from firefly.protocol.application import State
from firefly.protocol.errors import MANIFEST_NAME

SLOW_START = 30.0
_KILLED = frozenset({-9, 137})
_OTHER_PORT_AFTER = 1.5


async def arrive(command: Running, board: Board, *, port: int, restarts: int) -> None:
    """Say when it is ready, on its port or, where it ignores $PORT, on the one that it took. Until cancelled."""
    began, pause, late = time.monotonic(), 0.02, False
    while not await accepts(port):
        waited = time.monotonic() - began
        if waited > _OTHER_PORT_AFTER and len(found := await asyncio.to_thread(_taken, command.pid)) == 1:
            other = found.pop()
            reason = f"Running on port {other}; it does not listen on $PORT, which is {port}."
            board.set(State.RUNNING, reason, port=other, restarts=restarts)
            await for_ever()
        if waited > SLOW_START and not late:
            late = True
            board.set(State.STARTING, f"Port {port} is not open after {SLOW_START:.0f} s. See the output.")
        await asyncio.sleep(pause)
        # One that is not there by now may never come, and looking for it costs.
        pause = min(pause * 1.1, 2.0 if late else 0.5)
    board.set(State.RUNNING, f"Running on port {port}.", restarts=restarts)
    await for_ever()


def ended(what: str, code: int) -> str:
    """A shell tells a signal as 128 and its number."""
    if code in _KILLED:
        return (
            f"The {what} was killed, as happens where the sandbox's memory is used up: let it need less, or ask for "
            f"more in {MANIFEST_NAME} (`resources: {{memory: …}}`)."
        )
    return f"The {what} ended with exit status {code}."


def _taken(session: int) -> set[int]:
    """The ports of a command, or of the image that it stands for."""
    return ports_of(session) or of_nobody()
