"""Importing from providers: what there is, beginning, and what to do with an import that failed."""

from firefly.linking.discovery import Found
from firefly.projects import Visibility

from .. import schemas
from ..presenters import created_answer, job_answer
from ..routing import Answer, Call, Resource

resource = Resource("Imports")
CONNECTION = "/connections/{id}"


@resource.get(f"{CONNECTION}/organisations", "List your organisations at a provider", answer=schemas.Listing[str])
async def organisations(call: Call) -> Answer:
    identity = call.require_scope("read")
    found = await call.services.discovery.organisations(identity, call.request.match_info["id"])
    return schemas.Listing[str](items=list(found))


@resource.get(
    f"{CONNECTION}/repositories",
    "List repositories at a provider",
    query=schemas.RepositoriesQuery,
    answer=schemas.Listing[schemas.Repository],
)
async def repositories(call: Call) -> Answer:
    """The id may be a provider's name."""
    identity, query = call.require_scope("read"), call.query(schemas.RepositoriesQuery)
    page = await call.services.discovery.repositories(
        identity, call.request.match_info["id"], organisation=query.organisation, search=query.search,
        cursor=query.cursor,
    )  # fmt: skip
    return schemas.Listing[schemas.Repository](items=[_repository(found) for found in page.items], next=page.next)


def _repository(found: Found) -> schemas.Repository:
    one = found.repository
    return schemas.Repository(
        path=one.path, description=one.description, private=one.is_private, archived=one.is_archived,
        permission=one.permission.value, default_branch=one.default_branch, url=one.web_url,
        projects=[schemas.LinkedHere.model_validate(its) for its in found.here],
    )  # fmt: skip


@resource.post(
    "/imports", "Import a provider's repository", body=schemas.NewImport, answer=schemas.CreatedProject, status=202
)
async def begin(call: Call) -> Answer:
    identity = call.require_scope("write")
    body = await call.body(schemas.NewImport)
    created = await call.services.linked.import_(
        identity, body.provider, body.repository, name=body.name or name_of(body.repository),
        visibility=Visibility(body.visibility), by_key=body.by_key, address=call.address,
    )  # fmt: skip
    return created_answer(call.services, created)


def name_of(repository: str) -> str:
    """The name of a project, made of the repository's; where that gives none, creating says so."""
    name = repository.rpartition("/")[2].lower()
    kept = "".join(char if char.isascii() and char.isalnum() else "-" for char in name)
    return "-".join(part for part in kept.split("-") if part)


@resource.post("/imports/{id}/resume", "Begin a failed import where it failed", answer=schemas.Job, status=202)
async def resume(call: Call) -> Answer:
    """The id is that of its job."""
    return job_answer(await call.services.linked.resume(call.require_scope("write"), call.id()))


@resource.delete("/imports/{id}", "Undo a failed import, at the provider as well", status=204)
async def undo(call: Call) -> Answer:
    await call.services.linked.undo(call.require_scope("write"), call.id())
    return None
