"""The workspaces of a project: the one that its members share, and members' own ones beside it."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from uuid import UUID

from aiohttp import web

from firefly.projects import Action, OwnWorkspace, Project

from .. import schemas
from ..presenters import job_answer, workspace_urls
from ..routing import Answer, Call, Resource
from ..workspaces import workspace_of

resource = Resource("Workspaces")
PATH = "/projects/{owner}/{name}/workspaces"


@resource.get(
    PATH,
    "List the shared workspace and your own; owners see everybody's",
    answer=schemas.Listing[schemas.Workspace],
)
async def list_workspaces(call: Call) -> Answer:
    project = await call.services.projects.get(call.require_scope("read"), *call.project, Action.FOLLOW)
    own = await call.services.own.list(call.identity, *call.project)
    items = [await _shared(call, project), *[await _own(call, project, one) for one in own]]
    return schemas.Listing[schemas.Workspace](items=items)


@resource.post(
    PATH, "Open a workspace of your own, as the default branch is now", answer=schemas.OpenedWorkspace, status=202
)
async def open_workspace(call: Call) -> Answer:
    opened = await call.services.own.open(call.require_scope("write"), *call.project, address=call.address)
    project = await call.services.projects.get(call.identity, *call.project)
    shown = await _own(call, project, opened.workspace)
    job = job_answer(opened.job) if opened.job else None
    answer = schemas.OpenedWorkspace(**shown.model_dump(), job=job)
    return web.Response(
        body=answer.model_dump_json().encode(),
        status=202 if job else 200,
        content_type="application/json",
        headers={"Location": f"/api/v1/projects/{project.path}/workspaces/{opened.workspace.member}"},
    )


@resource.get(f"{PATH}/{{member}}", "Look at a member's own workspace", answer=schemas.Workspace)
async def show(call: Call) -> Answer:
    own = await call.services.own.find(call.require_scope("read"), *call.project, call.request.match_info["member"])
    return await _own(call, await call.services.projects.get(call.identity, *call.project), own)


@resource.delete(f"{PATH}/{{member}}", "Discard a member's own workspace", query=schemas.DiscardQuery, status=204)
async def discard(call: Call) -> Answer:
    """Refused without `anyway`, naming it, while the workspace holds what is nowhere else."""
    identity, member = call.require_scope("write"), call.request.match_info["member"]
    anyway = call.query(schemas.DiscardQuery).anyway
    await call.services.own.discard(identity, *call.project, member, anyway=anyway, address=call.address)
    return None


async def _shared(call: Call, project: Project) -> schemas.Workspace:
    facts = {"member": None, "open": True, "ready": True, "created_at": project.created_at}
    return await _workspace(call, project, workspace_of(project), facts)


async def _own(call: Call, project: Project, own: OwnWorkspace) -> schemas.Workspace:
    ready = own.filled_at is not None
    facts = {"member": own.member, "open": own.open, "ready": ready, "created_at": own.created_at}
    return await _workspace(call, replace(project, member=own.member), own.workspace_id, facts)


async def _workspace(
    call: Call, project: Project, workspace_id: UUID, facts: Mapping[str, object]
) -> schemas.Workspace:
    status = await call.services.keeper.status(workspace_id)
    told = {
        "state": status.state.value, "reason": status.reason, "since": status.since, "freezes_at": status.freezes_at,
        "stops_at": status.stops_at, **asdict(status.rest),
    }  # fmt: skip
    return schemas.Workspace.model_validate({**facts, **told, "urls": workspace_urls(call.services, project)})
