"""Members of a project."""

from firefly.projects import Role

from .. import schemas
from ..routing import Answer, Call, Resource

resource = Resource("Members")
PATH = "/projects/{owner}/{name}"


@resource.get(f"{PATH}/members", "List the members", answer=schemas.Listing[schemas.Member])
async def list_members(call: Call) -> Answer:
    members = await call.services.members.list(call.require_scope("read"), *call.project)
    return schemas.Listing[schemas.Member](items=[schemas.Member.model_validate(member) for member in members])


@resource.post(f"{PATH}/members", "Add a member", body=schemas.NewMember, answer=schemas.Member, status=201)
async def add(call: Call) -> Answer:
    body = await call.body(schemas.NewMember)
    return await _put(call, body.name, body.role)


@resource.put(
    f"{PATH}/members/{{member}}", "Add a member or change the role", body=schemas.MemberRole, answer=schemas.Member
)
async def change(call: Call) -> Answer:
    body = await call.body(schemas.MemberRole)
    return await _put(call, call.request.match_info["member"], body.role)


async def _put(call: Call, name: str, role: str) -> schemas.Member:
    identity = call.require_scope("write")
    member = await call.services.members.put(identity, *call.project, name, Role(role))
    return schemas.Member.model_validate(member)


@resource.delete(f"{PATH}/members/{{member}}", "Remove a member", status=204)
async def remove(call: Call) -> Answer:
    identity = call.require_scope("write")
    await call.services.members.remove(identity, *call.project, call.request.match_info["member"])
    return None
