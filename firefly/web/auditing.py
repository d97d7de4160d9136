"""What concerns accounts and their credentials, written to the audit log."""

from uuid import UUID

from aiohttp import web

from firefly.auth import Account

from .context import client_address
from .services import services_of


async def note(
    request: web.Request, actor: UUID | None, action: str, resource: str, detail: dict[str, object] | None = None
) -> None:
    """Right after the deed. `detail` never holds a secret."""
    await services_of(request).audit.record(actor, action, resource, address=client_address(request), detail=detail)


async def note_refusal(request: web.Request, name: str, reason: str) -> None:
    """A sign-in that failed. A name that is nobody's is left out: it may be a password in the wrong field."""
    known = await services_of(request).accounts.by_name(name)
    resource = f"account:{known.name}" if known else "account:unknown"
    await note(request, None, "session.refused", resource, {"reason": reason})


async def note_entry(request: web.Request, account: Account, by: str) -> None:
    await note(request, account.id, "session.opened", f"account:{account.name}", {"by": by})
