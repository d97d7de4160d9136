"""What administrators see of the front door."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from .base import Output, Paging


class Talker(Output):
    """A host or an address, reckoned from the requests that were looked at."""

    name: str
    requests: int
    sent: int
    errors: int


class Pooled(Output):
    kind: str
    workspace_id: UUID | None
    port: int | None
    open: int
    idle: int


class Failure(Output):
    at: datetime
    host: str
    kind: str
    reason: str
    request_id: str


class FrontDoor(Output):
    """The last minute of the front door and this moment; durations in seconds, `sent` in bytes."""

    requests_per_second: float
    errors_per_second: float
    p50: float
    p99: float
    lag_p50: float
    lag_p99: float
    longest_lag: float
    connections: int
    tunnels: int
    held: int
    routes: int
    pool: list[Pooled]
    hosts: list[Talker]
    clients: list[Talker]
    failures: list[Failure]


class RoutesQuery(Paging):
    search: str = Field("", max_length=253, description="Part of a host.")


class RouteEntry(Output):
    """`kind` says where it leads, `state` whether that runs; `access` is who may look."""

    host: str
    url: str
    kind: str
    state: str | None
    access: str
    workspace_id: UUID | None
    project_id: UUID | None
    redirect_to: str | None
