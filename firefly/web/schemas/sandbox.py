"""A project's sandbox, as the API shows it, and what the project asks for it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field

from firefly.protocol import quantities

from .base import Input, Output

Seconds = Annotated[
    float,
    BeforeValidator(quantities.seconds),
    Field(strict=False, ge=0, le=1e9, json_schema_extra={"type": ["number", "string"]}),
]
Bytes = Annotated[
    int,
    BeforeValidator(quantities.byte_count),
    Field(strict=False, ge=0, lt=1 << 62, json_schema_extra={"type": ["integer", "string"]}),
]


class SandboxLimits(Output):
    """Bytes of memory, processors, processes, bytes that the workspace may take up on the disk."""

    memory: int
    cpu: float
    pids: int
    disk: int


class SandboxUsage(Output):
    memory: int
    cpu_seconds: float
    pids: int


class SandboxPort(Output):
    port: int
    url: str


class KeepAwake(Output):
    id: UUID
    by: str
    reason: str
    created_at: datetime
    until: datetime


class NewKeepAwake(Input):
    duration: Seconds = Field(alias="for", description="How long, as in `2h`; the server has a most.")
    reason: str = Field("", max_length=200, description="For whoever wonders why it runs.")


class Rest(Output):
    """What happens to a workspace that nobody uses."""

    archives_at: datetime | None = Field(None, description="When it will be archived, unless somebody uses it.")
    archived_at: datetime | None = Field(None, description="Since when it is; its files come back when it is opened.")
    archive_note: str = Field("", description="Why archiving it was put off.")


class Sandbox(Rest):
    state: str
    reason: str
    since: datetime
    freezes_at: datetime | None
    stops_at: datetime | None
    limits: SandboxLimits
    usage: SandboxUsage | None
    busy: list[str] = Field([], description="What it is in the middle of, which puts freezing and stopping off.")
    ports: list[SandboxPort] = Field([], description="What is listened on inside, as last noticed, and its host.")
    notes: list[str] = Field([], description="What is worth knowing about its limits.")
    keep_awake: list[KeepAwake] = Field([], description="Who keeps it awake.")
    refusal: str | None = Field(None, description="Why it may not start just now: too many others run.")


class SandboxWishes(Output):
    """Seconds without activity, bytes of memory, processors, processes, bytes on the disk.

    Null: as the next in line says.
    """

    freeze: float | None
    stop: float | None
    memory: int | None
    cpu: float | None
    pids: int | None
    disk: int | None


class SandboxTerms(Output):
    """`freeze` is null where it is never frozen, `age` where it may run for ever."""

    freeze: float | None
    stop: float
    age: float | None
    limits: SandboxLimits
    notes: list[str]


class SandboxSettings(Output):
    """What decides, first to last: firefly.yml, the project's settings, the server's; and what comes of it."""

    file: SandboxWishes
    settings: SandboxWishes
    standard: SandboxWishes
    most: SandboxWishes
    granted: SandboxTerms = Field(description="Limits hold from the next start on, the rest at once.")


class NewSandboxSettings(Input):
    """What is left out is left to the server. Durations and sizes may be texts such as `10m` and `1g`."""

    freeze: Seconds | None = Field(None, description="Without activity for so long, it is frozen; 0: never.")
    stop: Seconds | None = Field(None, description="Without activity for so long, it is stopped.")
    memory: Bytes | None = None
    cpu: float | None = Field(None, gt=0, le=1e6, allow_inf_nan=False)
    pids: int | None = Field(None, gt=0, lt=1 << 31)
    disk: Bytes | None = None
