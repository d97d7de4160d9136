"""The caller's own account, sessions and API tokens."""

from datetime import datetime, timedelta
from uuid import UUID

from firefly.auth import Account, Identity, Token
from firefly.errors import InvalidInput, NotFound, Unauthenticated

from .. import schemas
from ..auditing import note, note_refusal
from ..presenters import account_answer
from ..routing import Answer, Call, Resource

resource = Resource("Account")


@resource.get("/me", "See who you are, and by which credential", answer=schemas.Me)
async def me(call: Call) -> Answer:
    identity = call.identity
    # A session's token remembers for some minutes how the account was when it was signed.
    return _me(identity, await call.services.accounts.get(identity.account.id))


def _me(identity: Identity, account: Account) -> schemas.Me:
    return schemas.Me(account=account_answer(account), via=identity.via, scopes=sorted(identity.scopes))


@resource.patch("/me", "Change your display name or password", body=schemas.AccountChange, answer=schemas.Me)
async def change(call: Call) -> Answer:
    identity = call.require_scope("admin" if call.identity.via == "token" else "write")
    body = await call.body(schemas.AccountChange)
    if body.display_name is None and body.password is None:
        raise InvalidInput("Say what to change: display_name or password.")
    if body.password is not None and identity.via == "session":
        await _prove(call, body.current_password)
    before = await call.services.accounts.get(identity.account.id)
    account = await call.services.accounts.change(
        before.id, display_name=body.display_name, password=body.password, keep_session=identity.session_id
    )
    if body.password is not None:
        await _note(call, "account.password")
    if account.display_name != before.display_name:
        await _tell_name(call, before, account)
    return _me(identity, account)


async def _tell_name(call: Call, before: Account, account: Account) -> None:
    await _note(call, "account.display_name", detail={"from": before.display_name, "to": account.display_name})
    data = {"project_id": None, "account_id": str(account.id), "display_name": account.display_name}
    await call.services.bus.publish("events", "account.changed", data)


async def _prove(call: Call, password: str) -> None:
    """Raises Unauthenticated, RateLimited."""
    name = call.identity.account.name
    try:
        await call.services.accounts.authenticate(name, password, call.address)
    except Unauthenticated:
        await note_refusal(call.request, name, "password, to change it")
        raise


async def _note(call: Call, action: str, resource: str | None = None, detail: dict[str, object] | None = None) -> None:
    account = call.identity.account
    await note(call.request, account.id, action, resource or f"account:{account.name}", detail)


@resource.get("/sessions", "List where you are signed in", answer=schemas.Listing[schemas.Session])
async def sessions(call: Call) -> Answer:
    identity = call.require_scope("read")
    found = await call.services.sessions.list(identity.account.id)
    items = [_session(item, identity.session_id) for item in found]
    return schemas.Listing[schemas.Session](items=items)


def _session(item: object, current: UUID | None) -> schemas.Session:
    fields = {name: getattr(item, name, None) for name in schemas.Session.model_fields}
    return schemas.Session.model_validate(fields | {"current": fields["id"] == current})


@resource.delete("/sessions/{id}", "Sign out there", status=204)
async def close_session(call: Call) -> Answer:
    identity, wanted = call.require_scope("write"), call.id()
    if all(item.id != wanted for item in await call.services.sessions.list(identity.account.id)):
        raise NotFound("There is no such session.")
    await call.services.sessions.close(wanted)
    await _note(call, "session.closed")
    return None


@resource.delete("/sessions", "Sign out everywhere", status=204)
async def close_sessions(call: Call) -> Answer:
    identity = call.require_scope("write")
    await call.services.sessions.close_all(identity.account.id)
    await _note(call, "session.all_closed")
    return None


@resource.get("/tokens", "List your API tokens", answer=schemas.Listing[schemas.Token])
async def tokens(call: Call) -> Answer:
    found = await call.services.tokens.list(call.require_scope("read").account.id)
    return schemas.Listing[schemas.Token](items=[_token(item) for item in found])


def _token(item: object) -> schemas.Token:
    fields = {name: getattr(item, name, None) for name in schemas.Token.model_fields}
    return schemas.Token.model_validate(fields | {"scopes": sorted(getattr(item, "scopes", ()))})


@resource.post("/tokens", "Make an API token", body=schemas.NewToken, answer=schemas.CreatedToken, status=201)
async def create_token(call: Call) -> Answer:
    identity = call.require_scope("write")
    body = await call.body(schemas.NewToken)
    # Who may write may run commands beside the application, and so sees more than its preview.
    if missing := [scope for scope in body.scopes if not (identity.has(scope) or scope.startswith("preview:"))]:
        remedy = "Make it in the browser, on your account's page, or with a token that has it."
        raise InvalidInput(f"You do not hold {', '.join(missing)} here. {remedy}", field="scopes")
    expires_at = body.expires_at
    if body.expires_in is not None:
        expires_at = call.services.clock.now() + timedelta(seconds=body.expires_in)
    await _check_lifetime(call, expires_at)
    token, secret = await call.services.tokens.create(identity.account, body.name, frozenset(body.scopes), expires_at)
    await _note(call, "token.created", f"token:{token.id}", _told(token))
    return schemas.CreatedToken.model_validate(_token(token).model_dump() | {"token": secret})


def _told(token: Token) -> dict[str, object]:
    ends = token.expires_at.isoformat() if token.expires_at else None
    return {"name": token.name, "scopes": sorted(token.scopes), "expires_at": ends}


async def _check_lifetime(call: Call, expires_at: datetime | None) -> None:
    """Raises InvalidInput where a token that was lent for a time would make itself one that stays."""
    own = call.identity.token_id
    held = await call.services.tokens.list(call.identity.account.id) if own else []
    ends = next((token.expires_at for token in held if token.id == own), None)
    if ends is not None and (expires_at is None or expires_at > ends):
        raise InvalidInput(f"A token makes none that outlives it: this one ends at {ends:%Y-%m-%d %H:%M:%S} UTC.",
                           field="expires_at")  # fmt: skip


@resource.delete("/tokens/{id}", "Revoke an API token", status=204)
async def revoke_token(call: Call) -> Answer:
    identity, wanted = call.require_scope("write"), call.id()
    held = await call.services.tokens.list(identity.account.id)
    token = next((item for item in held if item.id == wanted), None)
    if token is None:
        raise NotFound("There is no such token.")
    await call.services.tokens.revoke(wanted)
    await _note(call, "token.revoked", f"token:{token.id}", _told(token))
    return None
