"""The sandbox of a build that failed, while it is kept: commands, and the bridge for a terminal."""

from dataclasses import replace

from firefly.projects import Action, Project
from firefly.protocol import SUBPROTOCOL

from .. import schemas
from ..routing import Answer, Call, Resource
from .sandbox import bridge_of, execute_in

resource = Resource("Builds")


async def _kept(call: Call) -> Project:
    """The project as if that sandbox was its own, for whoever may run commands."""
    identity = call.require_scope("write")
    build = await call.services.builds.get(identity, call.id(), Action.RUN)
    workspace = await call.services.desk.showing.kept_sandbox(build)
    project = await call.services.projects.get_by_id(identity, build.project_id, Action.RUN)
    return replace(project, workspace_id=workspace)


@resource.post(
    "/builds/{id}/exec",
    "Run a command in the sandbox of a build that failed, while that is kept",
    body=schemas.Exec,
    answer=schemas.ExecAnswer,
)
async def execute(call: Call) -> Answer:
    return await execute_in(call, lambda: _kept(call))


@resource.get(
    "/builds/{id}/bridge",
    f"The bridge of the sandbox that is kept, for a terminal: a WebSocket, subprotocol `{SUBPROTOCOL}`",
    media="application/json",
)
async def bridge(call: Call) -> Answer:
    """As a project's own."""
    return await bridge_of(call, lambda: _kept(call))
