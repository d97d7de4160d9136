"""Work that is claimed bit by bit, and done side by side: so much at one time, and of one owner not all of it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, NoReturn, TypeVar
from uuid import UUID

from firefly.waiting import happens

Claim = TypeVar("Claim")


async def carry_out(
    claim: Callable[[int, Sequence[UUID]], Awaitable[Sequence[Claim]]],
    do: Callable[[Claim], Coroutine[Any, Any, None]],
    *,
    owner: Callable[[Claim], UUID | None],
    wake: asyncio.Event,
    at_once: int,
    each: int,
    look_every: float,
) -> NoReturn:
    """Until cancelled; whoever takes his time keeps up no others, and no owner's work that of others.

    Parameters
    ----------
    claim: gives at most so much that is due, and nothing of the owners who are named
    do: one of them to its end; what it raises ends all
    owner: None for what is nobody's, which is bounded by `at_once` alone
    at_once: so many at one time
    each: so many are claimed in one go, and none of an owner of whom as many are under way
    look_every: seconds without a wake after which it looks by itself
    """
    flying = dict[asyncio.Task[None], UUID | None]()
    async with asyncio.TaskGroup() as tasks:
        while True:
            wake.clear()
            busy = [one for one, count in Counter(flying.values()).items() if one is not None and count >= each]
            most = min(at_once - len(flying), each)
            due = await claim(most, busy) if most else ()
            for claimed in due:
                task = tasks.create_task(do(claimed))
                flying[task] = owner(claimed)
                task.add_done_callback(flying.pop)
                task.add_done_callback(lambda _: wake.set())
            if not due:
                await happens(wake, look_every)
