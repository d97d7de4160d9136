"""What all bodies and answers of the API have in common."""

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Item = TypeVar("Item")
# What numbers of lines and the like are looked for: PostgreSQL takes no more than 63 bits.
LARGEST = 10**15
RoleName = Literal["owner", "maintainer", "editor", "viewer"]
VisibilityName = Literal["members", "public"]
# Names are checked by firefly.hostnames, which also says why; here only what no name can be.
Name = Annotated[str, StringConstraints(max_length=200)]
DisplayName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")
]
# Words that are stored: PostgreSQL takes no NUL.
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]


class Input(BaseModel):
    """From outside: unknown members are mistakes, types are not guessed."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)


class Query(BaseModel):
    """Query strings are text, so numbers in them are parsed."""

    model_config = ConfigDict(extra="ignore", defer_build=True)


class Output(BaseModel):
    model_config = ConfigDict(from_attributes=True, defer_build=True)


class Listing(Output, Generic[Item]):
    """`next` is the cursor of the next page; null: this is the last."""

    items: list[Item]
    next: str | None = None


class Paging(Query):
    cursor: str | None = Field(None, max_length=500, description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=200, description="Items on a page.")


class BeforeQuery(Query):
    before: int | None = Field(None, ge=0, le=LARGEST, description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=200)
