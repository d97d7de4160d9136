"""The client's calls about accounts, members of projects, and who did what."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from .api_transport import ApiTransport, project_path
from .models import Page, Value


class User(Value):
    id: UUID
    name: str
    display_name: str
    email: str | None = None
    is_administrator: bool
    created_at: datetime


class CreatedUser(Value):
    """`sign_in_url`: a link that works once, to choose a password."""

    account: User
    sign_in_url: str | None = None


class Member(Value):
    name: str
    display_name: str
    role: str
    since: datetime


class Deed(Value):
    """An entry of the audit log."""

    id: int
    at: datetime
    actor: str | None = None
    action: str
    resource: str
    address: str | None = None
    detail: dict[str, Any]


class PeopleCalls:
    """Every method raises ClientError."""

    def __init__(self, transport: ApiTransport) -> None:
        self._transport = transport

    async def users(self) -> list[User]:
        return (await self._transport.ask(Page[User], "GET", "/users")).items

    async def create(
        self, name: str, *, display_name: str = "", email: str | None = None, is_administrator: bool = False
    ) -> CreatedUser:
        body = {"name": name, "display_name": display_name, "email": email, "is_administrator": is_administrator}
        return await self._transport.ask(CreatedUser, "POST", "/users", body)

    async def set_role(self, name: str, *, is_administrator: bool) -> User:
        return await self._transport.ask(
            User, "PATCH", f"/users/{quote(name, safe='')}", {"is_administrator": is_administrator}
        )

    def deeds(self) -> AsyncIterator[Deed]:
        """The audit log, newest first."""
        return self._transport.each(Page[Deed], "/audit", params={"limit": "200"}, cursor="before")

    async def members(self, owner: str, name: str) -> list[Member]:
        return (await self._transport.ask(Page[Member], "GET", _members(owner, name))).items

    async def put_member(self, owner: str, name: str, member: str, role: str) -> Member:
        return await self._transport.ask(
            Member, "PUT", f"{_members(owner, name)}/{quote(member, safe='')}", {"role": role}
        )

    async def remove_member(self, owner: str, name: str, member: str) -> None:
        await self._transport.remove(f"{_members(owner, name)}/{quote(member, safe='')}")


def _members(owner: str, name: str) -> str:
    return f"{project_path(owner, name)}/members"
