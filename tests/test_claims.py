"""Work that is claimed: side by side, bounded for all and for each owner."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from uuid import UUID, uuid4

from firefly.claims import carry_out
from tests.support.waiting import eventually

Work = tuple[UUID | None, str]


class Desk:
    """What is due, and what has been begun; nothing ends before it may."""

    def __init__(self, *due: Work) -> None:
        self.due = list(due)
        self.begun: list[Work] = []
        self.may_end = asyncio.Event()
        self.wake = asyncio.Event()

    async def claim(self, most: int, busy: Sequence[UUID]) -> Sequence[Work]:
        claimed = [work for work in self.due if work[0] not in busy][:most]
        self.due = [work for work in self.due if work not in claimed]
        return claimed

    async def do(self, work: Work) -> None:
        self.begun.append(work)
        await self.may_end.wait()

    async def work(self) -> None:
        await carry_out(
            self.claim, self.do, owner=lambda work: work[0], wake=self.wake, at_once=5, each=2, look_every=60
        )


async def test_one_owner_leaves_turns_to_others_and_the_rest_follows_when_work_ends() -> None:
    hog, other = uuid4(), uuid4()
    desk = Desk(*((hog, f"hog {number}") for number in range(6)), (other, "other"), (None, "nobody"))
    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(desk.work())
        await eventually(lambda: len(desk.begun) == 4)
        assert Counter(owner for owner, _ in desk.begun) == {hog: 2, other: 1, None: 1}
        desk.may_end.set()
        await eventually(lambda: len(desk.begun) == 8)
        working.cancel()


async def test_no_more_is_claimed_than_may_be_under_way_and_nobodys_work_is_bounded_by_that_alone() -> None:
    desk = Desk(*((None, f"nobody {number}") for number in range(9)))
    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(desk.work())
        await eventually(lambda: len(desk.begun) == 5)
        desk.wake.set()
        # Whatever were due would be begun by now.
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(desk.begun) == 5
        desk.may_end.set()
        await eventually(lambda: len(desk.begun) == 9)
        working.cancel()
