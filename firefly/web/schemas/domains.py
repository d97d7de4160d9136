"""Aliases and custom domains, as the API shows them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from .base import Input, Output


class DomainProof(Output):
    """The record that has to be in the DNS, and to stay there."""

    type: Literal["TXT"] = "TXT"
    name: str
    value: str


class DomainCertificate(Output):
    state: Literal["valid", "planned", "ordered", "failed", "missing", "elsewhere"]
    reason: str = Field(description="A sentence where something is to be known or done, or empty.")
    ends: datetime | None


class Domain(Output):
    id: UUID
    host: str = Field(description="In A-labels, without a port.")
    name: str = Field(description="As people write it.")
    kind: Literal["alias", "custom"]
    port: int | None = Field(description="The application's port that it shows; null: the main one.")
    state: Literal["pending", "active", "failing", "suspended", "taken"]
    reason: str = Field(description="A sentence that says why, or empty.")
    url: str
    by: str | None
    added_at: datetime
    proof: DomainProof | None = Field(description="Null for an alias, which needs none.")
    proven_at: datetime | None
    failing_since: datetime | None
    checked_at: datetime | None
    next_check: datetime | None = Field(description="Null: Firefly does not look by itself.")
    certificate: DomainCertificate


class NewDomain(Input):
    host: str = Field(max_length=500, description="A host, as in www.example.org, or one label for an alias.")
    port: int | None = Field(None, ge=1, le=65535, description="Of the application; null: its main one.")
