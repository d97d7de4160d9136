"""Checkpoints of a project's workspace: what its files were, and bringing that back."""

from contextlib import aclosing

from aiohttp import hdrs, web

from firefly.client.bridge import read_whole
from firefly.errors import InvalidInput
from firefly.projects import Action
from firefly.protocol.workspace import RestoreParams

from .. import schemas
from ..routing import Answer, Call, Resource
from ..workspaces import ask_bridge, entered, refuse_as_told, workspace_of
from .files import shown_as

resource = Resource("Checkpoints")
PATH = "/projects/{owner}/{name}/checkpoints"


@resource.get(
    PATH,
    "List what was kept of its files, newest first",
    query=schemas.Paging,
    answer=schemas.Listing[schemas.Checkpoint],
    in_workspace=True,
)
async def list_checkpoints(call: Call) -> Answer:
    project = await entered(call, call.require_scope("read"), Action.READ)
    query = call.query(schemas.Paging)
    cursor = query.cursor or "0"
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 9):
        raise InvalidInput("That cursor is not one of ours. Begin without one.", field="cursor")
    found = await call.services.checkpoints.list(project.id, workspace_of(project), limit=query.limit, skip=int(cursor))
    following = str(int(cursor) + query.limit) if len(found) == query.limit else None
    items = [schemas.Checkpoint.model_validate(one) for one in found]
    return schemas.Listing[schemas.Checkpoint](items=items, next=following)


@resource.get(
    f"{PATH}/{{id}}/files/{{path:.*}}",
    "Read a file as it was then",
    media="application/octet-stream",
    in_workspace=True,
)
async def read(call: Call) -> Answer:
    project = await entered(call, call.require_scope("read"), Action.READ)
    id, path = call.request.match_info["id"], call.request.match_info["path"]
    body = await call.services.checkpoints.read(project.id, workspace_of(project), id, path)
    # As for the workspace's own files: nothing of a project may run on the app's own host.
    answer = web.StreamResponse(headers={hdrs.CONTENT_TYPE: shown_as(path), hdrs.CACHE_CONTROL: "private, no-cache"})
    async with aclosing(body):
        await answer.prepare(call.request)
        async for piece in body:
            await answer.write(piece)
    await answer.write_eof()
    return answer


@resource.post(
    f"{PATH}/{{id}}/restore",
    "Bring back what was then, all of it or some paths; what is now is kept first",
    body=schemas.RestoreCheckpoint,
    answer=schemas.RestoredFiles,
    in_workspace=True,
)
async def restore(call: Call) -> Answer:
    identity = call.require_scope("write")
    project = await entered(call, identity, Action.WRITE)
    body = await call.body(schemas.RestoreCheckpoint)
    id = call.request.match_info["id"]
    await call.services.checkpoints.check(project.id, workspace_of(project), id)
    data = RestoreParams(checkpoint=id, paths=body.paths).model_dump_json().encode()
    fields: dict[str, str] = {hdrs.CONTENT_TYPE: "application/json"}
    async with ask_bridge(
        call.request, project, "POST", "/shadow/restore", identity=identity, fields=fields, data=data
    ) as response:
        await refuse_as_told(response)
        return schemas.RestoredFiles.model_validate_json(await read_whole(response))
