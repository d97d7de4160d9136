"""What is to happen to a ref that two repositories have: decided from what each has, and what both had last."""

from collections.abc import Awaitable, Callable
from enum import StrEnum

# Whether the second commit follows from the first.
Follows = Callable[[str, str], Awaitable[bool]]


class Move(StrEnum):
    """`push`: theirs is to be ours. `take`: ours is to be theirs. `diverged`: neither, until a person decides."""

    NONE = "none"
    PUSH = "push"
    TAKE = "take"
    DIVERGED = "diverged"


async def compare(ours: str | None, theirs: str | None, common: str | None, follows: Follows) -> Move:
    """None: the ref is not there, or was not.

    Where one side alone has changed since both were the same, the other follows it, whatever the change was. Where
    both have, only a side that holds all of the other's commits is followed.
    """
    if ours == theirs:
        return Move.NONE
    if theirs == common:
        return Move.PUSH
    if ours == common:
        return Move.TAKE
    if ours is None or theirs is None:
        # Deleted on one side, while the other went on: what is still there is kept.
        return Move.TAKE if ours is None else Move.PUSH
    if await follows(theirs, ours):
        return Move.PUSH
    if await follows(ours, theirs):
        return Move.TAKE
    return Move.DIVERGED
