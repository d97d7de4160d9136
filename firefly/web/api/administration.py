"""For administrators: accounts and the audit log."""

from uuid import UUID

from firefly.auth import SIGN_IN
from firefly.errors import NotFound

from .. import schemas
from ..presenters import account_answer
from ..routing import Answer, Call, Resource

resource = Resource("Administration")
LINK_LIFETIME = 7 * 24 * 3600.0


@resource.get("/users", "List the accounts", answer=schemas.Listing[schemas.Account])
async def users(call: Call) -> Answer:
    call.require_administrator()
    items = [account_answer(account) for account in await call.services.accounts.list()]
    return schemas.Listing[schemas.Account](items=items)


@resource.post("/users", "Make an account", body=schemas.NewAccount, answer=schemas.CreatedAccount, status=201)
async def create_user(call: Call) -> Answer:
    identity = call.require_administrator()
    body = await call.body(schemas.NewAccount)
    account = await call.services.accounts.create(
        name=body.name,
        password=body.password,
        display_name=body.display_name or body.name,
        email=body.email,
        is_administrator=body.is_administrator,
    )
    resource_name = f"account:{account.name}"
    await call.services.audit.record(identity.account.id, "account.create", resource_name, address=call.address)
    return schemas.CreatedAccount(
        account=account_answer(account), sign_in_url=None if body.password else await _link(call, account.id)
    )


async def _link(call: Call, account_id: UUID) -> str:
    token = await call.services.links.create(SIGN_IN, account_id=account_id, lifetime=LINK_LIFETIME)
    return f"{call.services.settings.url}/auth/link/{token}"


@resource.patch(
    "/users/{user}", "Make an administrator, or take the role away", body=schemas.RoleChange, answer=schemas.Account
)
async def change_user(call: Call) -> Answer:
    identity, body = call.require_administrator(), await call.body(schemas.RoleChange)
    account = await call.services.accounts.by_name(call.request.match_info["user"])
    if account is None:
        raise NotFound("There is no such account.")
    changed = await call.services.accounts.set_administrator(account.id, body.is_administrator)
    await call.services.audit.record(
        identity.account.id,
        "account.role",
        f"account:{account.name}",
        address=call.address,
        detail={"is_administrator": body.is_administrator},
    )
    return account_answer(changed)


@resource.get(
    "/audit", "Read the audit log, newest first", query=schemas.BeforeQuery, answer=schemas.Listing[schemas.AuditEntry]
)
async def audit(call: Call) -> Answer:
    call.require_administrator()
    query = call.query(schemas.BeforeQuery)
    entries = await call.services.audit.list(query.limit, query.before)
    items = [schemas.AuditEntry.model_validate(entry) for entry in entries]
    following = str(items[-1].id) if len(items) == query.limit else None
    return schemas.Listing[schemas.AuditEntry](items=items, next=following)
