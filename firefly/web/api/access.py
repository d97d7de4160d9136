"""Who may see a project's previews: policies, what lets people in, who came in, who asks."""

from urllib.parse import quote

from firefly import access
from firefly.access import PolicyChange, Reply
from firefly.errors import NotFound
from firefly.projects import UpdateProject, Visibility

from .. import schemas
from ..presenters import urls_of
from ..routing import Answer, Call, Resource

resource = Resource("Access")
PATH = "/projects/{owner}/{name}/access"
LINK = "/.firefly/link/"


@resource.get(PATH, "See who may see the project and its previews", answer=schemas.Access)
async def show(call: Call) -> Answer:
    identity = call.require_scope("read")
    return _shown(await call.services.access.management.overview(identity, *call.project))


def _shown(seen: access.Overview) -> schemas.Access:
    fields = {name: getattr(seen, name) for name in schemas.Access.model_fields if hasattr(seen, name)}
    policy = {
        "public": seen.policy.is_public,
        "public_paths": sorted(path.decode() for path in seen.policy.public_paths),
        "public_preflights": seen.policy.public_preflights,
        "service_workers": seen.policy.service_workers,
        "addresses": [str(network) for network in seen.policy.networks],
        "may": schemas.May(manage=seen.may_manage, widen=seen.may_widen),
    }
    return schemas.Access.model_validate(fields | policy)


@resource.put(
    PATH, "Decide who may see the whole project, its files too", body=schemas.AccessChange, answer=schemas.Access
)
async def change_visibility(call: Call) -> Answer:
    body = await call.body(schemas.AccessChange)
    identity = call.require_scope("write")
    await call.services.projects.update(identity, *call.project, UpdateProject(visibility=Visibility(body.visibility)))
    return _shown(await call.services.access.management.overview(identity, *call.project))


@resource.patch(PATH, "Change what opens previews to all, or to an address", body=schemas.PolicyChange,
                answer=schemas.Access)  # fmt: skip
async def change_policy(call: Call) -> Answer:
    body = await call.body(schemas.PolicyChange)
    identity, management = call.require_scope("write"), call.services.access.management
    change = PolicyChange(**body.model_dump())
    await management.set_policy(identity, *call.project, change, address=call.address)
    return _shown(await management.overview(identity, *call.project))


@resource.post(f"{PATH}/people", "Let somebody in as a visitor", body=schemas.NewAccessPerson,
               answer=schemas.AccessPerson, status=201)  # fmt: skip
async def add_person(call: Call) -> Answer:
    body = await call.body(schemas.NewAccessPerson)
    identity = call.require_scope("write")
    person = await call.services.access.keys.add_person(
        identity, *call.project, account=body.account, email=body.email, address=call.address
    )
    return schemas.AccessPerson.model_validate(person)


@resource.delete(f"{PATH}/people/{{id}}", "Let somebody in no longer", status=204)
async def remove_person(call: Call) -> Answer:
    identity = call.require_scope("write")
    await call.services.access.keys.remove_person(identity, *call.project, call.id(), address=call.address)
    return None


@resource.post(f"{PATH}/links", "Make a secret link", body=schemas.NewAccessLink, answer=schemas.NewLink, status=201)
async def make_link(call: Call) -> Answer:
    body = await call.body(schemas.NewAccessLink)
    identity = call.require_scope("write")
    link, secret = await call.services.access.keys.make_link(
        identity,
        *call.project,
        label=body.label,
        lifetime=body.expires_in,
        max_uses=body.max_uses,
        address=call.address,
    )
    preview = urls_of(call.services, *call.project).preview
    shown = schemas.AccessLink.model_validate(link).model_dump()
    return schemas.NewLink(**shown, url=f"{preview}{LINK}{quote(secret, safe='')}")


@resource.delete(f"{PATH}/links/{{id}}", "Remove a link, and end what rests on it", status=204)
async def remove_link(call: Call) -> Answer:
    identity = call.require_scope("write")
    await call.services.access.keys.remove_link(identity, *call.project, call.id(), address=call.address)
    return None


@resource.post(f"{PATH}/code", "Make a code, in place of the one before", body=schemas.NewAccessCode,
               answer=schemas.NewCode, status=201)  # fmt: skip
async def make_code(call: Call) -> Answer:
    body = await call.body(schemas.NewAccessCode)
    identity = call.require_scope("write")
    made, code = await call.services.access.keys.make_code(
        identity, *call.project, lifetime=body.expires_in, max_uses=body.max_uses, address=call.address
    )
    return schemas.NewCode(code=code, expires_at=made.expires_at, max_uses=made.max_uses)


@resource.delete(f"{PATH}/code", "Remove the code, and end what rests on it", status=204)
async def remove_code(call: Call) -> Answer:
    identity = call.require_scope("write")
    await call.services.access.keys.remove_code(identity, *call.project, address=call.address)
    return None


@resource.post(f"{PATH}/password", "Set the password, in place of the one before", body=schemas.NewAccessPassword,
               answer=schemas.AccessPassword, status=201)  # fmt: skip
async def set_password(call: Call) -> Answer:
    body = await call.body(schemas.NewAccessPassword)
    identity = call.require_scope("write")
    made = await call.services.access.keys.set_password(identity, *call.project, body.password, address=call.address)
    return schemas.AccessPassword.model_validate(made)


@resource.delete(f"{PATH}/password", "Remove the password, and end what rests on it", status=204)
async def remove_password(call: Call) -> Answer:
    identity = call.require_scope("write")
    await call.services.access.keys.remove_password(identity, *call.project, address=call.address)
    return None


@resource.delete(f"{PATH}/grants/{{id}}", "End one visitor's grant", status=204)
async def end_grant(call: Call) -> Answer:
    identity = call.require_scope("write")
    management = call.services.access.management
    if not await management.end_grant(identity, *call.project, call.id(), address=call.address):
        raise NotFound("There is no such grant; it may have ended.")
    return None


@resource.delete(f"{PATH}/grants", "End all grants; members come back by themselves", status=204)
async def end_grants(call: Call) -> Answer:
    identity = call.require_scope("write")
    await call.services.access.management.end_grants(identity, *call.project, address=call.address)
    return None


@resource.get("/access/requests", "List who waits for your answer, in all projects that you look after",
              answer=schemas.Listing[schemas.WaitingRequest])  # fmt: skip
async def waiting(call: Call) -> Answer:
    found = await call.services.access.requests.waiting(call.require_scope("read"))
    return schemas.Listing[schemas.WaitingRequest](items=[schemas.WaitingRequest.model_validate(one) for one in found])


@resource.post(f"{PATH}/requests/{{id}}", "Answer somebody who asks for access", body=schemas.RequestReply,
               answer=schemas.RequestAnswer)  # fmt: skip
async def answer(call: Call) -> Answer:
    body = await call.body(schemas.RequestReply)
    identity = call.require_scope("write")
    state, code = await call.services.access.requests.answer(
        identity, *call.project, call.id(), Reply(body.answer), hours=body.hours, address=call.address
    )
    return schemas.RequestAnswer.model_validate({"state": state, "code": code})
