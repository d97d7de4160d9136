"""The sandbox of a build that failed, while it is kept: commands, and the bridge for a terminal."""

from dataclasses import replace
from uuid import UUID

from aiohttp import hdrs, web

from firefly.auth import Holder
from firefly.client.bridge_transport import read_whole
from firefly.errors import InvalidInput, Unauthenticated
from firefly.projects import Action, Project
from firefly.protocol import MEMBER_HEADER, SUBPROTOCOL
from firefly.proxy.tunnels import FIELD_PREFIX, HANDLE_FIELD, TARGET_FIELD
from firefly.routes import BridgeTarget

from .. import schemas
from ..csrf import from_app
from ..routing import Answer, Call, Resource
from ..streams import STREAMS
from ..workspaces import ask_bridge, member_field, refuse_as_told
from .sandbox import GRACE, relay

resource = Resource("Builds")


async def _kept(call: Call) -> tuple[Project, UUID]:
    """The project as if that sandbox was its own, for whoever may run commands."""
    identity = call.require_scope("write")
    build = await call.services.builds.get(identity, call.id(), Action.RUN)
    workspace = await call.services.desk.showing.kept_sandbox(build)
    project = await call.services.projects.get_by_id(identity, build.project_id, Action.RUN)
    return replace(project, workspace_id=workspace), workspace


@resource.post(
    "/builds/{id}/exec",
    "Run a command in the sandbox of a build that failed, while that is kept",
    body=schemas.Exec,
    answer=schemas.ExecAnswer,
)
async def execute(call: Call) -> Answer:
    project, _ = await _kept(call)
    body = await call.body(schemas.Exec)
    kind = "text/event-stream" if call.wants_events else "application/json"
    async with ask_bridge(
        call.request,
        project,
        "POST",
        "/exec",
        identity=call.identity,
        fields={hdrs.CONTENT_TYPE: "application/json", hdrs.ACCEPT: kind},
        data=body.model_dump_json().encode(),
        silence=body.timeout + GRACE,
    ) as response:
        await refuse_as_told(response)
        if call.wants_events:
            return await relay(call, project, response)
        return web.Response(body=await read_whole(response), content_type="application/json")


@resource.get(
    "/builds/{id}/bridge",
    f"The bridge of the sandbox that is kept, for a terminal: a WebSocket, subprotocol `{SUBPROTOCOL}`",
    media="application/json",
)
async def bridge(call: Call) -> Answer:
    """Answer for the front door only: it replays the upgrade to the bridge that the handle stands for."""
    request = call.request
    project, workspace = await _kept(call)
    if request.headers.get(hdrs.UPGRADE, "").lower() != "websocket":
        raise InvalidInput(f"This is a WebSocket. Connect to it with the subprotocol `{SUBPROTOCOL}`.")
    if hdrs.ORIGIN in request.headers and not from_app(request):
        raise Unauthenticated("The bridge accepts browsers only from Firefly's own pages.")
    with request.config_dict[STREAMS].entered(call.identity, project.id):
        await call.services.keeper.ensure(workspace)
        project, workspace = await _kept(call)
    fields = {
        HANDLE_FIELD: call.services.tunnels.register(BridgeTarget(workspace, Holder.of(call.identity, project.id))),
        TARGET_FIELD: "/bridge",
        FIELD_PREFIX + MEMBER_HEADER: member_field(call.identity, project),
    }
    return web.Response(headers=fields)
