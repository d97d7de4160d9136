"""What owners take up beside what they may, as the API shows it."""

from typing import Annotated

from pydantic import Field, StringConstraints

from .base import Input, Output, Query


class Amount(Output):
    used: int
    most: int | None = Field(description="Null: there is no limit.")


class Quota(Output):
    owner: str
    projects: Amount
    queued: int = Field(description="Builds that wait for their turn.")
    running: Amount = Field(description="Builds that run.")
    minutes: Amount = Field(description="For which builds ran this month.")
    sites: Amount = Field(description="Sites that run, without demos.")
    exceeded: list[str] = Field(description="Names of those of the amounts that are too much.")


class QuotaQuery(Query):
    owners: str = Field("", max_length=5000, description="Names with commas between; empty: all whom you may see.")


class Enforcing(Input):
    owners: list[Annotated[str, StringConstraints(max_length=200)]] = Field(default_factory=list, max_length=1000)
    dry_run: bool = Field(False, description="End nothing, and say what would be ended.")


class Enforced(Output):
    owner: str
    what: str = Field(description="A build or a site.")
