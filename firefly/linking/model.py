"""Connections of accounts to git providers: what they are, and what can be asked of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class Kind(StrEnum):
    """How somebody gave leave: `oauth` at the provider's own page, `token` by a personal access token."""

    OAUTH = "oauth"
    TOKEN = "token"


class State(StrEnum):
    WORKING = "working"
    BROKEN = "broken"
    """The provider does not take its token any more; connecting again helps."""


class Need(StrEnum):
    """What leave is asked for, each when it is needed: to look, to link what is public, or what is private."""

    READ = "read"
    PUBLIC = "public"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Tokens:
    """`expires_in` counts seconds, None where it does not end by itself."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    expires_in: float | None = None
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class User:
    """Who a token is good for, at the provider."""

    id: str
    login: str
    scopes: frozenset[str] | None = None
    """None where the provider does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    id: UUID
    account_id: UUID
    provider: str
    url: str
    kind: Kind
    login: str
    user_id: str
    scopes: Sequence[str]
    state: State
    reason: str
    created_at: datetime
    checked_at: datetime
    expires_at: datetime | None
    sealed: bytes = field(repr=False)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Connection":
        fields = {name: row[name] for name in cls.__dataclass_fields__}
        ids = {name: UUID(bytes=row[name].bytes) for name in ("id", "account_id")}
        return cls(**{**fields, **ids, "kind": Kind(row["kind"]), "state": State(row["state"])})
