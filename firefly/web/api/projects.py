"""Projects: create, find, list, change, delete, restore."""

import asyncio

from aiohttp import web

from firefly.errors import FireflyError, InvalidInput
from firefly.projects import Action, Archive, CreateProject, UpdateProject, Visibility

from .. import schemas
from ..presenters import created_answer, project_answer
from ..routing import Answer, Call, Resource, validate

resource = Resource("Projects")
PATH = "/projects/{owner}/{name}"
ARCHIVES = ("application/zip", "application/gzip", "application/x-tar", "application/octet-stream")


@resource.post(
    "/projects",
    "Create a project from a template, a git URL, another project or, with an archive as the body, from its files",
    body=schemas.NewProject,
    answer=schemas.CreatedProject,
    status=201,
    upload="application/zip",
)
async def create(call: Call) -> Answer:
    identity = call.require_scope("write")
    request = await _wanted(call)
    try:
        created = await call.services.projects.create(identity, request, address=call.address)
    except (FireflyError, asyncio.CancelledError):
        # Nobody would ever look for what was sent with a request that is refused.
        if request.archive is not None:
            await call.services.artifacts.remove(request.archive.digest)
        raise
    answer = created_answer(call.services, created)
    return web.Response(
        body=answer.model_dump_json().encode(),
        status=202 if created.job else 201,
        content_type="application/json",
        headers={"Location": f"/api/v1/projects/{answer.owner}/{answer.name}"},
    )


async def _wanted(call: Call) -> CreateProject:
    if call.request.content_type in ARCHIVES:
        return await _from_archive(call)
    body = await call.body(schemas.NewProject)
    if [body.template, body.git_url, body.remix_of].count(None) != 2:
        raise InvalidInput("Give one of `template`, `git_url` and `remix_of`.", field="template")
    return CreateProject(
        name=body.name,
        owner=body.owner,
        description=body.description,
        visibility=Visibility(body.visibility),
        template=body.template,
        git_url=body.git_url,
        remix_of=body.remix_of,
    )


async def _from_archive(call: Call) -> CreateProject:
    query = validate(schemas.ArchiveQuery, dict(call.request.query))
    limit = call.services.settings.max_upload
    stored = await call.services.artifacts.put(call.request.content.iter_any(), limit=limit)
    return CreateProject(
        name=query.name,
        description=query.description,
        visibility=Visibility(query.visibility),
        archive=Archive(digest=stored.digest, filename=query.filename),
    )


@resource.get(
    "/projects",
    "List the projects that you are a member of, newest change first",
    query=schemas.ProjectsQuery,
    answer=schemas.Listing[schemas.Project],
)
async def list_projects(call: Call) -> Answer:
    identity, query = call.require_scope("read"), call.query(schemas.ProjectsQuery)
    page = await call.services.projects.list(identity, cursor=query.cursor, limit=query.limit, deleted=query.deleted)
    items = [project_answer(call.services, project) for project in page.projects]
    return schemas.Listing[schemas.Project](items=items, next=page.cursor)


@resource.get(PATH, "Look at a project", answer=schemas.Project, public=True)
async def show(call: Call) -> Answer:
    project = await call.services.projects.get(call.visitor, *call.project, Action.READ)
    return project_answer(call.services, project)


@resource.patch(
    PATH, "Rename or describe a project, or change who may see it", body=schemas.ProjectChange, answer=schemas.Project
)
async def change(call: Call) -> Answer:
    body = await call.body(schemas.ProjectChange)
    visibility = Visibility(body.visibility) if body.visibility else None
    wanted = UpdateProject(name=body.name, description=body.description, visibility=visibility)
    return project_answer(
        call.services, await call.services.projects.update(call.require_scope("write"), *call.project, wanted)
    )


@resource.delete(PATH, "Delete a project; it can be restored for 30 days", answer=schemas.Project)
async def delete(call: Call) -> Answer:
    project = await call.services.projects.delete(call.require_scope("write"), *call.project)
    return project_answer(call.services, project)


@resource.post(f"{PATH}/restore", "Restore a deleted project", answer=schemas.Project)
async def restore(call: Call) -> Answer:
    project = await call.services.projects.restore(call.require_scope("write"), *call.project)
    return project_answer(call.services, project)


@resource.get("/templates", "List the templates", answer=schemas.Listing[schemas.Template], public=True)
async def templates(call: Call) -> Answer:
    items = [schemas.Template.model_validate(item) for item in call.services.catalogue.list()]
    return schemas.Listing[schemas.Template](items=items)
