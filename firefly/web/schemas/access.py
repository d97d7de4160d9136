"""Access to a project's previews, as the API shows it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from .base import Input, Name, Output, VisibilityName

YEAR, MONTH = 365 * 24 * 3600, 30 * 24 * 3600
Lifetime = Field(None, ge=60, le=YEAR, strict=False, description="Seconds; null: until it is removed.")
Uses = Field(None, ge=1, le=1_000_000, description="How many may come in by it; null: any number.")


class May(Output):
    """What the caller may do: `widen` is to let more people in."""

    manage: bool
    widen: bool


class AccessPerson(Output):
    id: UUID
    account: str | None
    email: str | None
    display_name: str | None
    by: str | None
    since: datetime


class AccessLink(Output):
    id: UUID
    label: str
    by: str | None
    since: datetime
    expires_at: datetime | None
    max_uses: int | None
    uses: int


class AccessCode(Output):
    by: str | None
    since: datetime
    expires_at: datetime
    max_uses: int | None
    uses: int


class AccessPassword(Output):
    by: str | None
    since: datetime


class AccessGrant(Output):
    id: UUID
    kind: Literal["member", "person", "link", "code", "password", "request"]
    who: str | None
    account: str | None
    address: str | None
    user_agent: str
    since: datetime
    last_seen: datetime
    expires_at: datetime


class AccessRequest(Output):
    id: UUID
    name: str
    message: str
    path: str
    address: str | None
    user_agent: str
    asked_at: datetime
    expires_at: datetime


class WaitingRequest(Output):
    """With the project that it is about, as the event `access.requested`."""

    project_id: UUID
    owner: str
    name: str
    request: AccessRequest


class Access(Output):
    """Who may see the previews. Lists are empty for those who may not manage it."""

    visibility: VisibilityName = Field(description="Of the whole project, its files too.")
    may: May
    public: bool = Field(description="Whether everybody may see the previews.")
    public_paths: list[str]
    public_preflights: bool
    service_workers: bool = Field(description="Whether previews that are not public may keep service workers.")
    addresses: list[str]
    people: list[AccessPerson]
    links: list[AccessLink]
    code: AccessCode | None
    password: AccessPassword | None
    grants: list[AccessGrant]
    requests: list[AccessRequest]


class AccessChange(Input):
    visibility: VisibilityName


class PolicyChange(Input):
    """What is left out stays as it is; a list replaces the one before."""

    public: bool | None = None
    addresses: list[str] | None = Field(None, max_length=1000)
    public_paths: list[str] | None = Field(None, max_length=1000)
    public_preflights: bool | None = None
    service_workers: bool | None = None


class NewAccessPerson(Input):
    """Either of the two."""

    account: Name | None = None
    email: str | None = Field(None, max_length=320)


class NewAccessLink(Input):
    label: str = Field("", max_length=80)
    expires_in: float | None = Lifetime
    max_uses: int | None = Uses


class NewLink(AccessLink):
    url: str = Field(description="With the secret. It is shown this once.")


class NewAccessCode(Input):
    expires_in: float = Field(24 * 3600, ge=60, le=MONTH, strict=False, description="Seconds.")
    max_uses: int | None = Uses


class NewCode(Output):
    code: str = Field(description="It is shown this once.")
    expires_at: datetime
    max_uses: int | None


class NewAccessPassword(Input):
    password: str = Field(max_length=1000)


class RequestReply(Input):
    answer: Literal["allow", "deny", "code"]
    hours: float = Field(8, ge=1, le=720, strict=False, description="How long `allow` lets in.")


class RequestAnswer(Output):
    state: Literal["allowed", "denied", "coded"]
    code: str | None = Field(description="With the answer `code`: good once, for an hour, and shown this once.")
