"""Hooks that a project calls when something happens to its builds and sites, and what became of the calls."""

from firefly.builds.outgoing import Flavour

from .. import schemas
from ..routing import Answer, Call, Resource

resource = Resource("Hooks")
PATH = "/projects/{owner}/{name}/hooks"


@resource.get(PATH, "List the hooks that the project calls", answer=schemas.Listing[schemas.Hook])
async def list_hooks(call: Call) -> Answer:
    found = await call.services.hooks.list(call.require_scope("read"), *call.project)
    return schemas.Listing[schemas.Hook](items=[schemas.Hook.model_validate(hook) for hook in found])


@resource.post(PATH, "Add a hook; it is called at once", body=schemas.NewHook, answer=schemas.CreatedHook, status=201)
async def add(call: Call) -> Answer:
    body = await call.body(schemas.NewHook)
    hook, secret = await call.services.hooks.add(
        call.require_scope("write"), *call.project, url=body.url, flavour=Flavour(body.flavour), events=body.events,
        secret=body.secret,
    )  # fmt: skip
    return schemas.CreatedHook(**schemas.Hook.model_validate(hook).model_dump(), secret=secret)


@resource.get(f"{PATH}/{{id}}", "Look at one", answer=schemas.Hook)
async def show(call: Call) -> Answer:
    hook = await call.services.hooks.get(call.require_scope("read"), *call.project, call.id())
    return schemas.Hook.model_validate(hook)


@resource.patch(f"{PATH}/{{id}}", "Switch it on or off", body=schemas.HookChange, answer=schemas.Hook)
async def change(call: Call) -> Answer:
    body = await call.body(schemas.HookChange)
    identity = call.require_scope("write")
    hook = await call.services.hooks.set_active(identity, *call.project, call.id(), body.active)
    return schemas.Hook.model_validate(hook)


@resource.delete(f"{PATH}/{{id}}", "Remove it, and what is known of its calls", status=204)
async def remove(call: Call) -> Answer:
    await call.services.hooks.remove(call.require_scope("write"), *call.project, call.id())
    return None


@resource.post(f"{PATH}/{{id}}/ping", "Call it to see whether it answers", answer=schemas.HookDelivery, status=202)
async def ping(call: Call) -> Answer:
    made = await call.services.hooks.ping(call.require_scope("write"), *call.project, call.id())
    return schemas.HookDelivery.model_validate(made)


@resource.get(
    f"{PATH}/{{id}}/deliveries",
    "List its calls of the last 30 days, newest first, 50 at a time",
    query=schemas.DeliveriesQuery,
    answer=schemas.Listing[schemas.HookDelivery],
)
async def deliveries(call: Call) -> Answer:
    before = call.query(schemas.DeliveriesQuery).before
    found = await call.services.hooks.deliveries(call.require_scope("read"), *call.project, call.id(), before=before)
    return schemas.Listing[schemas.HookDelivery](items=[schemas.HookDelivery.model_validate(one) for one in found])


@resource.post(
    f"{PATH}/{{id}}/deliveries/{{delivery}}/redeliver",
    "Send the same once more, as a call of its own",
    answer=schemas.HookDelivery,
    status=202,
)
async def redeliver(call: Call) -> Answer:
    identity = call.require_scope("write")
    made = await call.services.hooks.redeliver(identity, *call.project, call.id(), call.id("delivery"))
    return schemas.HookDelivery.model_validate(made)
