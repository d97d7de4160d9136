"""The client's calls about an account's own API tokens."""

from datetime import datetime
from uuid import UUID

from .api_transport import ApiTransport
from .models import Page, Value


class Token(Value):
    """`token` is the secret, told only when it is made."""

    id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    token: str | None = None


class TokenCalls:
    """Every method raises ClientError."""

    def __init__(self, transport: ApiTransport) -> None:
        self._transport = transport

    async def all(self) -> list[Token]:
        return (await self._transport.ask(Page[Token], "GET", "/tokens")).items

    async def create(self, name: str, *, scopes: list[str] | None = None, expires_in: float | None = None) -> Token:
        """`expires_in`: seconds, None for never."""
        body: dict[str, object] = {"name": name}
        body |= {"scopes": scopes} if scopes else {}
        body |= {"expires_in": expires_in} if expires_in else {}
        return await self._transport.ask(Token, "POST", "/tokens", body)

    async def revoke(self, token_id: UUID) -> None:
        await self._transport.remove(f"/tokens/{token_id}")
