"""The tree of errors: each kind once, each with the sentence and what a program needs to know."""

import re

import pytest

from firefly import errors
from firefly.errors import FireflyError


def subclasses(kind: type[FireflyError]) -> list[type[FireflyError]]:
    return [found for child in kind.__subclasses__() for found in (child, *subclasses(child))]


KINDS: list[type[FireflyError]] = [FireflyError, *subclasses(FireflyError)]
# Other modules add kinds of their own; these are for the tests beside them.
OURS = [kind for kind in KINDS if kind.__module__ == errors.__name__]


def test_each_kind_has_a_name_of_its_own() -> None:
    names = [kind.kind for kind in OURS]
    assert sorted(set(names)) == sorted(names)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)
    assert all(kind.title for kind in OURS)


def test_the_tree_that_is_drawn_is_the_tree_that_is() -> None:
    drawn: dict[int, str] = {}
    parents: dict[str, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"([│├└─ ]*)([A-Z]\w+)(?:\s{2,}|$)", line):
            depth = len(found[1]) // 4
            drawn[depth] = found[2]
            if depth:
                parents[found[2]] = drawn[depth - 1]
    assert parents == {kind.__name__: kind.__bases__[0].__name__ for kind in OURS if kind is not FireflyError}


def test_the_sentence_is_the_error_and_the_rest_is_for_the_problem() -> None:
    error = errors.LimitReached("You own 100 projects.", limit=100)
    assert (str(error), error.detail, dict(error.extra)) == ("You own 100 projects.",) * 2 + ({"limit": 100},)


@pytest.mark.parametrize(
    ("error", "extra"),
    [
        (errors.InvalidInput("no"), {}),
        (errors.InvalidInput("no", field="name"), {"field": "name"}),
        (errors.TooLarge("no", field="body", limit=5), {"field": "body", "limit": 5}),
        (errors.Moved("no", location="ada/new"), {"location": "ada/new"}),
        (errors.RateLimited("no", retry_after=3), {"retry_after": 3}),
        (errors.Unavailable("no"), {"retry_after": 2}),
        (errors.SandboxFailed("no", output="boom"), {"output": "boom"}),
        (errors.SandboxFailed("no", output="boom", retry_after=4), {"output": "boom", "retry_after": 4}),
    ],
)
def test_what_a_program_needs_goes_along(error: FireflyError, extra: dict[str, object]) -> None:
    assert dict(error.extra) == extra
