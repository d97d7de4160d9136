"""The two kinds of message bodies: what is asked is strict, what is answered may grow."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, FailFast

Item = TypeVar("Item")
# Of what is no list of these the first mistake is told: a complaint of each takes as long as a hundred that are right.
Listed = Annotated[list[Item], FailFast()]


class Params(BaseModel):
    """Parameters of a call; a name that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Result(BaseModel):
    """An answer or a notification; a client ignores fields that it does not know yet."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class Nothing(Params):
    """Parameters of a call that takes none."""


class Done(Result):
    """The answer of a call that has nothing to tell."""
