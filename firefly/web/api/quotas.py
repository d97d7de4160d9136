"""What owners take up beside what they may, and its enforcement."""

from .. import schemas
from ..routing import Answer, Call, Resource

resource = Resource("Quotas")


@resource.get(
    "/quotas",
    "See what you use, and administrators what everybody does, beside what is allowed",
    query=schemas.QuotaQuery,
    answer=schemas.Listing[schemas.Quota],
)
async def check(call: Call) -> Answer:
    names = [name for name in call.query(schemas.QuotaQuery).owners.split(",") if name]
    found = await call.services.usages.check(call.require_scope("read"), names)
    return schemas.Listing[schemas.Quota](items=[schemas.Quota.model_validate(usage) for usage in found])


@resource.post(
    "/quotas/enforce",
    "End builds and sites that are more than their owners may have",
    body=schemas.Enforcing,
    answer=schemas.Listing[schemas.Enforced],
)
async def enforce(call: Call) -> Answer:
    identity, body = call.require_administrator(), await call.body(schemas.Enforcing)
    ended = await call.services.usages.enforce(identity, body.owners, dry=body.dry_run)
    return schemas.Listing[schemas.Enforced](items=[schemas.Enforced.model_validate(one) for one in ended])
