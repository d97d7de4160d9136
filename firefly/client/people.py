"""The client's calls about accounts, members of projects, and who did what."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel

from .models import Page, Value
from .reading import read

if TYPE_CHECKING:
    from .client import FireflyClient

Model = TypeVar("Model", bound=BaseModel)


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

    def __init__(self, client: "FireflyClient") -> None:
        self._client = client

    async def users(self) -> list[User]:
        return (await self._ask(Page[User], "GET", "/users")).items

    async def create(
        self, name: str, *, display_name: str = "", email: str | None = None, is_administrator: bool = False
    ) -> CreatedUser:
        body = {"name": name, "display_name": display_name, "email": email, "is_administrator": is_administrator}
        return await self._ask(CreatedUser, "POST", "/users", body)

    async def set_role(self, name: str, *, is_administrator: bool) -> User:
        return await self._ask(User, "PATCH", f"/users/{quote(name, safe='')}", {"is_administrator": is_administrator})

    async def deeds(self) -> AsyncIterator[Deed]:
        """The audit log, newest first."""
        query = "?limit=200"
        while True:
            page = await self._ask(Page[Deed], "GET", f"/audit{query}")
            for deed in page.items:
                yield deed
            if page.next is None:
                return
            query = f"?limit=200&before={page.next}"

    async def members(self, owner: str, name: str) -> list[Member]:
        return (await self._ask(Page[Member], "GET", _members(owner, name))).items

    async def put_member(self, owner: str, name: str, member: str, role: str) -> Member:
        return await self._ask(Member, "PUT", f"{_members(owner, name)}/{quote(member, safe='')}", {"role": role})

    async def remove_member(self, owner: str, name: str, member: str) -> None:
        async with self._client.request("DELETE", f"{_members(owner, name)}/{quote(member, safe='')}"):
            pass

    async def _ask(self, model: type[Model], method: str, path: str, body: object = None) -> Model:
        async with self._client.request(method, path, json_body=body) as response:
            return await read(model, response)


def _members(owner: str, name: str) -> str:
    return f"/projects/{quote(owner, safe='')}/{quote(name, safe='')}/members"
