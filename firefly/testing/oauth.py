"""The part of a provider that gives leave: an OAuth 2 server that insists on PKCE, and whose tokens really end."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qsl, urlencode

from aiohttp import web


@dataclass(frozen=True, slots=True)
class _Code:
    login: str
    challenge: str
    redirect: str
    scopes: str


@dataclass
class OAuthServer:
    """`login` is who gives leave, to client `id` with `secret`. `lifetime` in seconds; None: tokens do not end.

    `tokens` are those that count, each with its login; `spent` are refresh tokens that were used.
    """

    id: str = "firefly-client"
    secret: str = "firefly-secret"
    login: str = "octo"
    lifetime: int | None = 7200
    grants_less: frozenset[str] = frozenset()
    """Scopes that whoever gives leave takes out."""
    tokens: dict[str, str] = field(default_factory=dict)
    refreshes: dict[str, str] = field(default_factory=dict)
    spent: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    asked: list[Mapping[str, str]] = field(default_factory=list)
    codes: dict[str, _Code] = field(default_factory=dict)

    def give(self, login: str) -> str:
        """A personal access token."""
        token = f"pat-{token_hex(8)}"
        self.tokens[token] = login
        return token

    def who(self, request: web.Request) -> str:
        """Whose token it came with. Raises HTTPUnauthorized."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            value = base64.b64decode(value).decode().partition(":")[2]
        login = self.tokens.get(value or request.headers.get("Private-Token", ""))
        if login is None:
            raise web.HTTPUnauthorized(text="Bad credentials")
        return login

    def add_routes(self, app: web.Application) -> None:
        """Those of every provider."""
        for path in ("/login/oauth/authorize", "/oauth/authorize", "/site/oauth2/authorize"):
            app.router.add_get(path, self._authorize)
        for path in ("/login/oauth/access_token", "/oauth/token", "/site/oauth2/access_token"):
            app.router.add_post(path, self._token)
        app.router.add_post("/oauth/revoke", self._revoke)
        app.router.add_delete("/api/v3/applications/{client}/token", self._revoke_at_github)

    async def _authorize(self, request: web.Request) -> web.Response:
        """Everybody gives leave at once."""
        query = dict(request.query)
        self.asked.append(query)
        if query["client_id"] != self.id or query.get("code_challenge_method") != "S256":
            raise web.HTTPBadRequest(text="unknown client, or no PKCE")
        code, redirect = token_hex(8), query["redirect_uri"]
        scopes = " ".join(scope for scope in query["scope"].split() if scope not in self.grants_less)
        self.codes[code] = _Code(self.login, query["code_challenge"], redirect, scopes)
        raise web.HTTPFound(f"{redirect}?{urlencode({'code': code, 'state': query['state']})}")

    async def _token(self, request: web.Request) -> web.Response:
        form = dict(parse_qsl(await request.text()))
        if not self._is_client(request, form):
            return web.json_response({"error": "invalid_client"}, status=401)
        if form["grant_type"] == "refresh_token":
            login = self.refreshes.pop(form["refresh_token"], None)
            self.spent.append(form["refresh_token"])
            return self._answer(login, "")
        code = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proven = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if code is None or proven != code.challenge or form["redirect_uri"] != code.redirect:
            return self._answer(None, "")
        return self._answer(code.login, code.scopes)

    def _answer(self, login: str | None, scopes: str) -> web.Response:
        if login is None:
            said = {"error": "invalid_grant", "error_description": "It is used, or was never given."}
            return web.json_response(said, status=400)
        token, refresh = f"access-{token_hex(8)}", f"refresh-{token_hex(8)}"
        self.tokens[token] = login
        answer: dict[str, Any] = {"access_token": token, "token_type": "bearer", "scope": scopes}
        if self.lifetime is not None:
            self.refreshes[refresh] = login
            answer |= {"refresh_token": refresh, "expires_in": self.lifetime}
        return web.json_response(answer)

    def _is_client(self, request: web.Request, form: Mapping[str, str]) -> bool:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            return base64.b64decode(value).decode() == f"{self.id}:{self.secret}"
        return (form.get("client_id"), form.get("client_secret")) == (self.id, self.secret)

    async def _revoke(self, request: web.Request) -> web.Response:
        form = dict(parse_qsl(await request.text()))
        if not self._is_client(request, form):
            return web.json_response({"error": "invalid_client"}, status=401)
        self._forget(form["token"])
        return web.json_response({})

    async def _revoke_at_github(self, request: web.Request) -> web.Response:
        if not self._is_client(request, {}):
            return web.json_response({"message": "Bad credentials"}, status=401)
        self._forget((await request.json())["access_token"])
        return web.Response(status=204)

    def _forget(self, token: str) -> None:
        self.revoked.append(token)
        self.tokens.pop(token, None)
