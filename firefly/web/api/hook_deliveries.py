"""What hooks of providers have sent to a project."""

from aiohttp import web

from .. import schemas
from ..routing import Answer, Call, Resource

resource = Resource("Hooks of providers")
PATH = "/projects/{owner}/{name}/hook-deliveries"


@resource.get(PATH, "List what the provider's hook sent, the newest first; for maintainers", query=schemas.Paging,
              answer=schemas.Listing[schemas.ReceivedHook])  # fmt: skip
async def list_deliveries(call: Call) -> Answer:
    paging = call.query(schemas.Paging)
    found, following = await call.services.received_hooks.list(
        call.require_scope("read"), *call.project, cursor=paging.cursor, limit=paging.limit
    )
    items = [schemas.ReceivedHook.model_validate(one) for one in found]
    return schemas.Listing[schemas.ReceivedHook](items=items, next=following)


@resource.get(f"{PATH}/{{id}}/body", "Read the body of one as it came", media="application/json")
async def read_body(call: Call) -> Answer:
    body = await call.services.received_hooks.body(call.require_scope("read"), *call.project, call.id())
    return web.Response(body=body, content_type="application/json", headers={"X-Content-Type-Options": "nosniff"})


@resource.post(f"{PATH}/{{id}}/redeliver", "Handle one once more", answer=schemas.ReceivedHook, status=202)
async def redeliver(call: Call) -> Answer:
    again = await call.services.received_hooks.redeliver(
        call.require_scope("write"), *call.project, call.id(), address=call.address
    )
    return schemas.ReceivedHook.model_validate(again)
