"""What a bridge runs where its workspace holds what a build made, instead of looking for something to run."""

from typing import Annotated

from pydantic import Field

from firefly.protocol.model import Params

Text = Annotated[str, Field(max_length=16 << 10, pattern=r"^[^\x00]*$")]
Path = Annotated[str, Field(max_length=4096, pattern=r"^[^/\x00][^\x00]*$")]
Commands = Annotated[list[Text], Field(max_length=100)]


class DatabaseParams(Params):
    """A PostgreSQL of this sandbox's own. `seed` are lines for a shell, run once when it was made."""

    password: str = Field(min_length=16, max_length=200, pattern=r"^[A-Za-z0-9_-]+$", repr=False)
    seed: Commands = Field(default_factory=list)


class SiteParams(Params):
    """`run` are lines for a shell; the last one serves on `port`. Without any, the pages of `folder` are served.

    `writable` are folders that have to be there. Without `port` it is the one that applications have.
    """

    run: Commands = Field(default_factory=list)
    env: dict[str, Text] = Field(default_factory=dict)
    port: int | None = Field(default=None, ge=1, le=65535)
    folder: Annotated[str, Field(pattern=r"^([^/\x00][^\x00]*)?$")] = ""
    writable: list[Path] = Field(default_factory=list, max_length=100)
    database: DatabaseParams | None = None
