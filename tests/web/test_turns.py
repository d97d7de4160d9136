"""Turns: so many for each caller, given back however a request ends."""

from contextlib import ExitStack
from uuid import uuid4

import pytest

from firefly.errors import RateLimited
from firefly.web.turns import MOST_AT_ONCE, MOST_VISITORS, Turns


def test_a_caller_with_all_of_its_turns_waits_and_others_do_not() -> None:
    turns, ada, bob = Turns(), uuid4(), uuid4()
    held = [turns.taken(ada) for _ in range(MOST_AT_ONCE)]
    for turn in held:
        turn.__enter__()
    with pytest.raises(RateLimited), turns.taken(ada):
        pass
    with turns.taken(bob), turns.taken(None):
        pass
    held[0].__exit__(None, None, None)
    with turns.taken(ada):
        pass


def test_visitors_from_one_network_leave_turns_to_those_from_others() -> None:
    turns = Turns()
    with ExitStack() as stack:
        for _ in range(MOST_AT_ONCE):
            stack.enter_context(turns.taken(None, "192.0.2.1"))
        with pytest.raises(RateLimited), turns.taken(None, "192.0.2.1"):
            pass
        for number in range(MOST_VISITORS - MOST_AT_ONCE):
            stack.enter_context(turns.taken(None, f"192.0.2.{number % 2 + 2}"))
        with pytest.raises(RateLimited), turns.taken(None, "192.0.2.9"):
            pass
        with turns.taken(uuid4(), "192.0.2.1"):
            pass
    with turns.taken(None, "192.0.2.1"):
        pass


def test_a_turn_comes_back_when_the_request_fails() -> None:
    turns = Turns()
    for _ in range(MOST_VISITORS + 1):
        with pytest.raises(ValueError, match="broken"), turns.taken(None):
            raise ValueError("broken")
    with turns.taken(None):
        pass
