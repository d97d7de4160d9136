"""What a bridge says when the server asks what goes on: what must not end now, ports, what firefly.yml asks for."""

from typing import Annotated

from pydantic import Field

from firefly.protocol.model import Result

LONGEST = 200
MOST_BUSY, MOST_PORTS = 20, 50

Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class Wishes(Result):
    """`idle` and `resources` of firefly.yml: seconds, bytes, processors, processes."""

    freeze: Seconds | None = None
    stop: Seconds | None = None
    memory: int | None = Field(default=None, ge=0, lt=1 << 62)
    cpu: float | None = Field(default=None, gt=0, le=1e6, allow_inf_nan=False)
    pids: int | None = Field(default=None, gt=0, lt=1 << 31)
    disk: int | None = Field(default=None, ge=0, lt=1 << 62)


class Activity(Result):
    """`busy`: phrases such as "npm ci runs". `wishes` is None where firefly.yml has not been read yet, or is wrong."""

    busy: list[Annotated[str, Field(max_length=LONGEST)]] = Field(default_factory=list, max_length=MOST_BUSY)
    ports: list[Annotated[int, Field(ge=1, le=65535)]] = Field(default_factory=list, max_length=MOST_PORTS)
    wishes: Wishes | None = None
