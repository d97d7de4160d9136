"""Costly work that comes in crowds: a few at a time, in order, with other work in between."""

import asyncio
from functools import partial

from firefly.proxy.turns import AT_ONCE, Turns

from .house import House, request


async def opened() -> Turns:
    turns = Turns()
    turns.open(asyncio.get_running_loop())
    return turns


async def test_a_few_are_begun_at_once_and_more_in_the_next_turns() -> None:
    turns, begun = await opened(), list[int]()
    for number in range(AT_ONCE * 3):
        turns.take(partial(begun.append, number))
    assert begun == list(range(AT_ONCE))
    for turn in (2, 3):
        await asyncio.sleep(0)
        assert begun == list(range(AT_ONCE * turn))


async def test_what_comes_later_waits_behind_what_came_before() -> None:
    turns, begun = await opened(), list[str]()
    for _ in range(AT_ONCE + 1):
        turns.take(lambda: begun.append("first"))
    await asyncio.sleep(0)
    turns.take(lambda: begun.append("second"))
    assert begun == ["first"] * (AT_ONCE + 1)
    await asyncio.sleep(0)
    assert begun[-1] == "second"
    # And once nobody waits any longer, there is no wait.
    await asyncio.sleep(0)
    turns.take(lambda: begun.append("third"))
    assert begun[-1] == "third"


async def test_work_that_begins_more_work_does_not_keep_others_out() -> None:
    turns, begun = await opened(), list[int]()

    def again() -> None:
        begun.append(len(begun))
        turns.take(again)

    turns.take(again)
    for turn in range(1, 5):
        assert len(begun) <= AT_ONCE * turn
        await asyncio.sleep(0)


async def test_each_of_a_crowd_is_answered_also_those_who_send_no_more(house: House) -> None:
    crowd = [await house.client() for _ in range(AT_ONCE * 4)]
    for number, client in enumerate(crowd):
        client.send(request(f"/{number}", fields={"X-Number": str(number)}))
        if number % 2:
            client.writer.write_eof()
    for number, client in enumerate(crowd):
        answer = await client.read_answer()
        assert answer.body == b"GET /%d HTTP/1.1" % number
        assert answer.status == 200


async def test_who_sends_half_a_head_and_no_more_is_not_kept(house: House) -> None:
    crowd = [await house.client() for _ in range(AT_ONCE * 4)]
    for client in crowd:
        client.send(request()[:-4])
        client.writer.write_eof()
    for client in crowd:
        assert await client.is_closed()
