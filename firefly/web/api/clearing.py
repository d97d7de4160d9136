"""For administrators: what nobody needs any more, and clearing it away now."""

from .. import schemas
from ..routing import Answer, Call, Resource

resource = Resource("Clearing away")


@resource.get("/admin/clearings", "See what is cleared away, and when it was", answer=schemas.Listing[schemas.Clearing])
async def clearings(call: Call) -> Answer:
    call.require_administrator()
    items = [
        schemas.Clearing(**{name: getattr(one, name) for name in _AS_IT_IS}, every=one.every.total_seconds())
        for one in await call.services.clearing.accounts()
    ]
    return schemas.Listing[schemas.Clearing](items=items)


_AS_IT_IS = ("part", "swept_at", "removed_at", "removed", "bytes", "failure")


@resource.post(
    "/admin/clearings/{part}",
    "Clear away one part now, on the server that answers, or say what would go",
    body=schemas.ClearRequest,
    answer=schemas.Cleared,
)
async def clear(call: Call) -> Answer:
    identity, body = call.require_administrator(), await call.body(schemas.ClearRequest)
    part = call.request.match_info["part"]
    cleared = await call.services.clearing.clear(part, dry=body.dry_run)
    if not body.dry_run:
        await call.services.audit.record(
            identity.account.id, "clearing", f"clearing:{part}", address=call.address,
            detail={"count": cleared.count, "bytes": cleared.bytes},
        )  # fmt: skip
    return schemas.Cleared(part=part, count=cleared.count, bytes=cleared.bytes)
