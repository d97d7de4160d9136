"""The sandbox of a project's workspace: its state, commands in it, what its application prints, its bridge."""

from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
from aiohttp import hdrs, web

from firefly.auth import Holder
from firefly.client.bridge_transport import read_whole
from firefly.errors import InvalidInput, Unauthenticated
from firefly.projects import Action, Project
from firefly.protocol import MEMBER_HEADER, SUBPROTOCOL
from firefly.proxy.tunnels import FIELD_PREFIX, HANDLE_FIELD, TARGET_FIELD
from firefly.routes import BridgeTarget
from firefly.sandbox.keeper import Wishes

from .. import schemas
from ..csrf import from_app
from ..presenters import sandbox_answer, sandbox_settings_answer
from ..routing import Answer, Call, Resource
from ..sse import open_stream
from ..streams import STREAMS
from ..workspaces import ask_bridge, entered, is_visitor, member_field, overseen, refuse_as_told, workspace_of

resource = Resource("Sandbox")
PATH = "/projects/{owner}/{name}"
# The bridge ends a command at its own limit; this is how much later we stop to wait for it.
GRACE = 15.0
# The bridge sends heartbeats into its streams.
STREAM_SILENCE = 90.0


async def _project(call: Call, action: Action, scope: str) -> Project:
    return await entered(call, call.require_scope(scope), action)


async def _answer(call: Call, project: Project) -> Answer:
    status = await call.services.keeper.status(workspace_of(project))
    return sandbox_answer(call.services, project, status, visits=is_visitor(call.visitor, project))


@resource.get(f"{PATH}/sandbox", "See whether it runs, since when and why", answer=schemas.Sandbox, in_workspace=True)
async def show(call: Call) -> Answer:
    project = await overseen(call, call.require_scope("read"), Action.READ)
    return await _answer(call, project)


@resource.post(f"{PATH}/sandbox/start", "Start it", answer=schemas.Sandbox, in_workspace=True)
async def start(call: Call) -> Answer:
    project = await _project(call, Action.RUN, "write")
    await call.services.keeper.ensure(workspace_of(project), insist=True)
    return await _answer(call, project)


@resource.post(
    f"{PATH}/sandbox/freeze", "Pause it until it is needed; memory stays", answer=schemas.Sandbox, in_workspace=True
)
async def freeze(call: Call) -> Answer:
    project = await _project(call, Action.RUN, "write")
    await call.services.keeper.freeze(workspace_of(project), f"Frozen by {call.identity.account.name}.")
    return await _answer(call, project)


@resource.post(f"{PATH}/sandbox/stop", "Stop it; files stay", answer=schemas.Sandbox, in_workspace=True)
async def stop(call: Call) -> Answer:
    project = await overseen(call, call.require_scope("write"), Action.RUN)
    await call.services.keeper.stop(workspace_of(project), f"Stopped by {call.identity.account.name}.")
    return await _answer(call, project)


@resource.post(f"{PATH}/sandbox/restart", "Stop and start it", answer=schemas.Sandbox, in_workspace=True)
async def restart(call: Call) -> Answer:
    project = await _project(call, Action.RUN, "write")
    await call.services.keeper.restart(workspace_of(project), f"Restarted by {call.identity.account.name}.")
    return await _answer(call, project)


@resource.post(
    f"{PATH}/sandbox/keep-awake",
    "Keep it awake for a while; a sleeping one is woken",
    body=schemas.NewKeepAwake,
    answer=schemas.Sandbox,
    status=201,
    in_workspace=True,
)
async def keep_awake(call: Call) -> Answer:
    project = await _project(call, Action.RUN, "write")
    body, account_id = await call.body(schemas.NewKeepAwake), call.identity.account.id
    await call.services.keeper.keep_awake(workspace_of(project), account_id, body.duration, body.reason.strip())
    return await _answer(call, project)


@resource.delete(
    f"{PATH}/sandbox/keep-awake/{{id}}", "Keep it awake no longer", answer=schemas.Sandbox, in_workspace=True
)
async def let_sleep(call: Call) -> Answer:
    project = await _project(call, Action.RUN, "write")
    await call.services.keeper.let_sleep(workspace_of(project), call.id())
    return await _answer(call, project)


@resource.get(
    f"{PATH}/sandbox/settings", "See what it is given, and who asked", answer=schemas.SandboxSettings, in_workspace=True
)
async def settings(call: Call) -> Answer:
    workspace = workspace_of(await _project(call, Action.READ, "read"))
    return sandbox_settings_answer(await call.services.keeper.asked(workspace))


@resource.put(
    f"{PATH}/sandbox/settings",
    "Ask for other times and limits; firefly.yml comes before",
    body=schemas.NewSandboxSettings,
    answer=schemas.SandboxSettings,
    in_workspace=True,
)
async def change_settings(call: Call) -> Answer:
    # Of his own workspace a member decides.
    action = Action.MANAGE if call.workspace is None else Action.RUN
    workspace = workspace_of(await _project(call, action, "write"))
    body = await call.body(schemas.NewSandboxSettings)
    await call.services.keeper.ask(workspace, Wishes(**body.model_dump()))
    return sandbox_settings_answer(await call.services.keeper.asked(workspace))


@resource.post(
    f"{PATH}/exec",
    "Run a command; with `Accept: text/event-stream` its output comes as it is printed",
    body=schemas.Exec,
    answer=schemas.ExecAnswer,
    in_workspace=True,
)
async def execute(call: Call) -> Answer:
    return await execute_in(call, lambda: _project(call, Action.RUN, "write"))


async def execute_in(call: Call, find: Callable[[], Awaitable[Project]]) -> Answer:
    """Have the bridge of the project that `find` gives run the command that the request's body holds."""
    project = await find()
    body = await call.body(schemas.Exec)
    streams = call.request.config_dict[STREAMS]
    with streams.entered(call.identity, project.id) if call.wants_events else streams.asking(call.identity, project.id):
        # A body takes its time, and so does a start: what is taken away from now on ends this.
        return await _execute(call, await find(), body)


async def _execute(call: Call, project: Project, body: schemas.Exec) -> Answer:
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
            return await _relay(call, project, response)
        return web.Response(body=await read_whole(response), content_type="application/json")


@resource.get(f"{PATH}/logs", "Follow what the application prints", media="text/event-stream", in_workspace=True)
async def logs(call: Call) -> Answer:
    project = await _project(call, Action.FOLLOW, "read")
    fields: dict[str, str] = {hdrs.ACCEPT: "text/event-stream"}
    if last := call.request.headers.get("Last-Event-ID"):
        fields["Last-Event-ID"] = last[:100]
    with call.request.config_dict[STREAMS].entered(call.identity, project.id, endless=True):
        async with ask_bridge(
            call.request, project, "GET", "/logs", identity=call.identity, fields=fields, silence=STREAM_SILENCE
        ) as response:
            await refuse_as_told(response)
            return await _relay(call, project, response)


async def _relay(call: Call, project: Project, response: aiohttp.ClientResponse) -> web.StreamResponse:
    """Send the bridge's events on as they come; a reader counts as activity while something is printed."""
    stream = await open_stream(call.request)
    async for part in _parts(response):
        call.services.keeper.touch(workspace_of(project))
        await stream.write(part)
    await stream.write_eof()
    return stream


async def _parts(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for part in response.content.iter_any():
            yield part
    except (aiohttp.ClientError, TimeoutError):
        # The sandbox went away under an open stream: the reader asks again and hears why.
        return


@resource.get(
    f"{PATH}/bridge",
    f"The bridge: a WebSocket, subprotocol `{SUBPROTOCOL}`, JSON-RPC 2.0",
    media="application/json",
    in_workspace=True,
)
async def bridge(call: Call) -> Answer:
    """Answer for the front door only: it replays the upgrade to the bridge that the handle stands for."""
    return await bridge_of(call, lambda: _project(call, Action.READ, "read"))


async def bridge_of(call: Call, find: Callable[[], Awaitable[Project]]) -> Answer:
    """A handle of the bridge of the project that `find` gives, which is asked again once its sandbox has started."""
    request = call.request
    if request.headers.get(hdrs.UPGRADE, "").lower() != "websocket":
        raise InvalidInput(f"This is a WebSocket. Connect to it with the subprotocol `{SUBPROTOCOL}`.")
    if hdrs.ORIGIN in request.headers and not from_app(request):
        raise Unauthenticated("The bridge accepts browsers only from Firefly's own pages.")
    project = await find()
    workspace = workspace_of(project)
    # A start takes its time: access that is taken away meanwhile ends this, or is noticed by looking again.
    with request.config_dict[STREAMS].entered(call.identity, project.id):
        await call.services.keeper.ensure(workspace)
        project = await find()
    holder = Holder.of(call.identity, project.id)
    fields = {
        HANDLE_FIELD: call.services.tunnels.register(BridgeTarget(workspace, holder)),
        TARGET_FIELD: "/bridge",
        FIELD_PREFIX + MEMBER_HEADER: member_field(call.identity, project),
    }
    return web.Response(headers=fields)
