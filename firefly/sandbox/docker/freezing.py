"""Freezing and waking a run: its container and the image beside it, both or neither."""

import contextlib

from firefly.errors import Conflict, NotFound, Unavailable

from .engine import Engine
from .runs import Run


async def freeze(engine: Engine, run: Run) -> None:
    """Raises Unavailable where it cannot be done; everything goes on then."""
    if run.frozen:
        return
    try:
        await _turn(engine, run, frozen=True)
    except Unavailable:
        # What is half frozen is neither used nor woken.
        with contextlib.suppress(Unavailable):
            await _turn(engine, run, frozen=False)
        raise


async def thaw(engine: Engine, run: Run) -> None:
    """Raises Unavailable; it counts as frozen then, so that the next try wakes whatever still sleeps."""
    if run.frozen:
        await _turn(engine, run, frozen=False)


async def _turn(engine: Engine, run: Run, *, frozen: bool) -> None:
    """The companion first, so that a run is not taken for woken while that sleeps."""
    try:
        if run.companion is not None:
            await run.companion.pause(frozen=frozen)
        await engine.pause(run.container, frozen=frozen)
    except (NotFound, Conflict) as error:
        raise Unavailable(f"The sandbox cannot be {'frozen' if frozen else 'woken'}: {error.detail}.") from error
    run.frozen = frozen
