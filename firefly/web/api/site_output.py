"""What the running site of a build prints."""

from dataclasses import replace

from aiohttp import hdrs

from firefly.errors import Conflict
from firefly.projects import Action

from ..routing import Answer, Call, Resource
from ..workspaces import ask_bridge, refuse_as_told
from .sandbox import STREAM_SILENCE, relay

resource = Resource("Builds")


@resource.get("/builds/{id}/output", "Follow what its site prints, which wakes it", media="text/event-stream")
async def output(call: Call) -> Answer:
    identity = call.require_scope("read")
    build = await call.services.builds.get(identity, call.id(), Action.FOLLOW)
    site = (await call.services.desk.showing.one(build)).site
    if site is None or site.workspace_id is None:
        raise Conflict("Nothing runs that shows this build.")
    project = await call.services.projects.get_by_id(identity, build.project_id, Action.FOLLOW)
    fields: dict[str, str] = {hdrs.ACCEPT: "text/event-stream"}
    if last := call.request.headers.get("Last-Event-ID"):
        fields["Last-Event-ID"] = last[:100]
    shown = replace(project, workspace_id=site.workspace_id)
    async with ask_bridge(
        call.request, shown, "GET", "/logs", identity=identity, fields=fields, silence=STREAM_SILENCE
    ) as response:
        await refuse_as_told(response)
        return await relay(call, shown, response, endless=True)
