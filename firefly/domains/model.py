"""What an alias or a custom domain is, and the states that it passes through."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import idna

RECORD_PREFIX = "_firefly."


class Kind(StrEnum):
    ALIAS = "alias"
    """One label on the content domain."""
    CUSTOM = "custom"
    """A host that somebody else's DNS leads here."""


class State(StrEnum):
    PENDING = "pending"
    """Waits for its proof."""
    ACTIVE = "active"
    """In service."""
    FAILING = "failing"
    """In service, but its proof was not found lately."""
    SUSPENDED = "suspended"
    """Out of service: its proof was gone for too long."""
    TAKEN = "taken"
    """Another project shows the host."""

    @property
    def is_served(self) -> bool:
        return self in (State.ACTIVE, State.FAILING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """`host` is as in the Host field, without a port; `port` is that of the application, None for its main one.

    `token` is what the TXT record must hold. `reason` is a sentence that says why the state is what it is, or empty.
    `checks` counts those that failed since the last good one; `next_check` None: nobody looks by himself any more.
    """

    id: UUID
    project_id: UUID
    host: str
    kind: Kind
    port: int | None
    state: State
    reason: str
    token: str
    by: str | None
    added_at: datetime
    proven_at: datetime | None
    failing_since: datetime | None
    checked_at: datetime | None
    next_check: datetime | None
    checks: int

    @property
    def record(self) -> str:
        """The name of the TXT record that proves whose the host is."""
        return RECORD_PREFIX + self.host

    @property
    def name(self) -> str:
        """The host as people write it."""
        try:
            return idna.decode(self.host) if "xn--" in self.host else self.host
        except (idna.IDNAError, UnicodeError):
            return self.host

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Domain":
        fields = {name: row[name] for name in cls.__slots__}
        # asyncpg's UUID compares equal to Python's but is another class.
        ids = {name: UUID(bytes=row[name].bytes) for name in ("id", "project_id")}
        return cls(**fields | ids | {"kind": Kind(row["kind"]), "state": State(row["state"])})
