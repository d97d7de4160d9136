"""Accounts, sessions, tokens and the audit log, as the API shows them."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from .base import DisplayName, Input, Name, Output


class Account(Output):
    id: UUID
    name: str
    display_name: str
    email: str | None
    is_administrator: bool
    created_at: datetime


class Me(Output):
    """Who the caller is, and by which credential."""

    account: Account
    via: str
    scopes: list[str]


class AccountChange(Input):
    """What is left out stays."""

    display_name: DisplayName | None = Field(None, description="How others see you: 1 to 80 characters.")
    password: str | None = Field(None, max_length=1000, description="The new one; all other sessions end.")
    current_password: str = Field("", max_length=1000, description="Needed for a new one when you have one.")


class SignIn(Input):
    name: str = Field(max_length=1000)
    password: str = Field(max_length=1000)


class NewAccount(Input):
    name: Name
    password: str | None = Field(
        None, max_length=1000, description="Left out: the answer holds a one-time link to choose one."
    )
    display_name: str = Field("", max_length=200)
    email: str | None = Field(None, max_length=320)
    is_administrator: bool = False


class CreatedAccount(Output):
    account: Account
    sign_in_url: str | None = Field(None, description="The one-time link, when no password was given.")


class RoleChange(Input):
    is_administrator: bool


class Token(Output):
    id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = None


class NewToken(Input):
    name: str = Field(min_length=1, max_length=100)
    scopes: list[str] = Field(default_factory=lambda: ["read", "write", "git"], min_length=1, max_length=20)
    expires_at: datetime | None = Field(None, strict=False)
    expires_in: float | None = Field(None, gt=0, strict=False, description="Seconds; instead of `expires_at`.")


class CreatedToken(Token):
    token: str = Field(description="The secret. It is shown this once.")


class Session(Output):
    id: UUID
    user_agent: str
    address: str | None
    created_at: datetime
    last_used_at: datetime | None = None
    current: bool


class AuditEntry(Output):
    id: int
    at: datetime
    actor: str | None = Field(validation_alias="actor_name")
    action: str
    resource: str
    address: str | None
    detail: dict[str, object]
