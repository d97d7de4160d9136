"""Checkpoints of a project's workspace: what its files were, what differs, and bringing that back."""

from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, aclosing
from uuid import UUID

from aiohttp import hdrs, web

from firefly.errors import InvalidInput
from firefly.projects import Action, Project
from firefly.protocol.workspace import Restored, RestoreParams, ShadowStatus
from firefly.sandbox.backend import State

from .. import schemas
from ..routing import Answer, Call, Resource
from ..turns import GIT_TURNS
from ..workspaces import answer_of, ask_bridge, entered, workspace_of
from .files import shown_as

resource = Resource("Checkpoints")
PATH = "/projects/{owner}/{name}/checkpoints"


async def _followed(call: Call) -> tuple[Project, UUID]:
    """The project and its workspace; checkpoints hold what visitors of a public project are not shown."""
    project = await entered(call, call.require_scope("read"), Action.FOLLOW)
    return project, workspace_of(project)


def _turn(call: Call) -> AbstractContextManager[None]:
    """git waits for whoever reads slowly. Raises RateLimited."""
    return call.request.config_dict[GIT_TURNS].taken(call.identity.account.id)


def _skip(cursor: str | None) -> int:
    cursor = cursor or "0"
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 9):
        raise InvalidInput("That cursor is not one of ours. Begin without one.", field="cursor")
    return int(cursor)


@resource.get(
    PATH,
    "List what was kept of its files, newest first",
    query=schemas.Paging,
    answer=schemas.Listing[schemas.Checkpoint],
    in_workspace=True,
)
async def list_checkpoints(call: Call) -> Answer:
    project, workspace = await _followed(call)
    query = call.query(schemas.Paging)
    skip = _skip(query.cursor)
    found = await call.services.checkpoints.list(project.id, workspace, limit=query.limit, skip=skip)
    following = str(skip + query.limit) if len(found) == query.limit else None
    items = [schemas.Checkpoint.model_validate(one) for one in found]
    return schemas.Listing[schemas.Checkpoint](items=items, next=following)


@resource.get(
    f"{PATH}/status",
    "See whether every edit is kept, and which files cannot be; a sleeping sandbox is woken",
    answer=schemas.CheckpointsStatus,
    in_workspace=True,
)
async def status(call: Call) -> Answer:
    project, _ = await _followed(call)
    told = await _shadow(call, project, "GET", "/shadow")
    refused = [schemas.RefusedFile.model_validate(one) for one in told.refused]
    return schemas.CheckpointsStatus(kept=told.flushed, kept_at=told.flushed_at, error=told.error, refused=refused)


async def _shadow(call: Call, project: Project, method: str, path: str) -> ShadowStatus:
    async with ask_bridge(call.request, project, method, path, identity=call.identity) as response:
        return await answer_of(ShadowStatus, response)


async def _sides(call: Call, against: schemas.Against) -> tuple[Project, str, str]:
    """What is compared with what, the older first."""
    project, workspace = await _followed(call)
    now = await _now(call, project, workspace) if against == "now" else None
    id = call.request.match_info["id"]
    return project, *await call.services.comparisons.sides(project.id, workspace, id, now=now)


async def _now(call: Call, project: Project, workspace: UUID) -> str | None:
    """The checkpoint that the workspace is at, made now where its sandbox runs: before it sleeps one is made anyway."""
    running = await call.services.keeper.status(workspace)
    made = await _shadow(call, project, "POST", "/shadow/flush") if running.state is State.RUNNING else None
    return made.commit if made and made.commit else await call.services.checkpoints.newest(project.id, workspace)


@resource.get(
    f"{PATH}/{{id}}/changes",
    "List the files that differ from the checkpoint before, or from now",
    query=schemas.ChangesQuery,
    answer=schemas.CheckpointChanges,
    in_workspace=True,
)
async def changes(call: Call) -> Answer:
    query = call.query(schemas.ChangesQuery)
    skip = _skip(query.cursor)
    project, base, target = await _sides(call, query.against)
    with _turn(call):
        found = await call.services.comparisons.compare(project.id, base, target, limit=query.limit, skip=skip)
    after = skip + query.limit
    return schemas.CheckpointChanges(
        base=found.base,
        target=found.target,
        files=found.files,
        items=[schemas.FileChange.model_validate(one) for one in found.changes],
        next=str(after) if after < found.files else None,
    )


@resource.get(
    f"{PATH}/{{id}}/diff",
    "Read what differs, as `diff -u` has it; 8 MiB at most",
    query=schemas.PatchQuery,
    media="text/x-diff",
    in_workspace=True,
)
async def diff(call: Call) -> Answer:
    query = call.query(schemas.PatchQuery)
    project, base, target = await _sides(call, query.against)
    body = await call.services.comparisons.patch(project.id, base, target, query.path)
    return await _streamed(call, body, "text/x-diff; charset=utf-8")


@resource.get(
    f"{PATH}/{{id}}/files/{{path:.*}}",
    "Read a file as it was then",
    media="application/octet-stream",
    in_workspace=True,
)
async def read(call: Call) -> Answer:
    project, workspace = await _followed(call)
    id, path = call.request.match_info["id"], call.request.match_info["path"]
    body = await call.services.checkpoints.read(project.id, workspace, id, path)
    # As for the workspace's own files: nothing of a project may run on the app's own host.
    return await _streamed(call, body, shown_as(path))


async def _streamed(call: Call, body: AsyncGenerator[bytes, None], kind: str) -> web.StreamResponse:
    answer = web.StreamResponse(headers={hdrs.CONTENT_TYPE: kind, hdrs.CACHE_CONTROL: "private, no-cache"})
    with _turn(call):
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
        restored = await answer_of(Restored, response)
    return schemas.RestoredFiles(files=restored.files, undo=restored.before)
