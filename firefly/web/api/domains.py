"""Further hosts of a project: aliases, and custom domains with their proof and certificate."""

from .. import schemas
from ..presenters import domain_answer
from ..routing import Answer, Call, Resource

resource = Resource("Domains")
PATH = "/projects/{owner}/{name}/domains"


@resource.get(PATH, "List aliases and custom domains", answer=schemas.Listing[schemas.Domain])
async def list_domains(call: Call) -> Answer:
    found = await call.services.domains.list(call.require_scope("read"), *call.project)
    return schemas.Listing[schemas.Domain](items=[domain_answer(call.services, domain) for domain in found])


@resource.post(PATH, "Add an alias, or a custom domain that is to be proven", body=schemas.NewDomain,
               answer=schemas.Domain, status=201)  # fmt: skip
async def add(call: Call) -> Answer:
    body = await call.body(schemas.NewDomain)
    identity = call.require_scope("write")
    added = await call.services.domains.add(identity, *call.project, body.host, port=body.port, address=call.address)
    return domain_answer(call.services, added)


@resource.get(f"{PATH}/{{id}}", "Look at one", answer=schemas.Domain)
async def show(call: Call) -> Answer:
    identity = call.require_scope("read")
    return domain_answer(call.services, await call.services.domains.get(identity, *call.project, call.id()))


@resource.post(f"{PATH}/{{id}}/check", "Look for the proof in the DNS now", answer=schemas.Domain)
async def check(call: Call) -> Answer:
    identity = call.require_scope("write")
    checked = await call.services.domains.check(identity, *call.project, call.id(), address=call.address)
    return domain_answer(call.services, checked)


@resource.delete(f"{PATH}/{{id}}", "Remove one; its host shows nothing any more", status=204)
async def remove(call: Call) -> Answer:
    identity = call.require_scope("write")
    await call.services.domains.remove(identity, *call.project, call.id(), address=call.address)
    return None
