"""Secrets of a project: names to be seen, values to be set."""

from .. import schemas
from ..routing import Answer, Call, Resource

resource = Resource("Secrets")
PATH = "/projects/{owner}/{name}/secrets"


@resource.get(PATH, "List the names of secrets", answer=schemas.Listing[schemas.Secret])
async def list_secrets(call: Call) -> Answer:
    found = await call.services.secrets.list(call.require_scope("read"), *call.project)
    return schemas.Listing[schemas.Secret](items=[schemas.Secret.model_validate(secret) for secret in found])


@resource.post(PATH, "Set a secret", body=schemas.NewSecret, answer=schemas.Secret, status=201)
async def add(call: Call) -> Answer:
    body = await call.body(schemas.NewSecret)
    return await _put(call, body.name, body.value)


@resource.put(f"{PATH}/{{secret}}", "Set a secret", body=schemas.SecretValue, answer=schemas.Secret)
async def change(call: Call) -> Answer:
    body = await call.body(schemas.SecretValue)
    return await _put(call, call.request.match_info["secret"], body.value)


async def _put(call: Call, name: str, value: str) -> schemas.Secret:
    identity = call.require_scope("write")
    secret = await call.services.secrets.put(identity, *call.project, name, value, address=call.address)
    return schemas.Secret.model_validate(secret)


@resource.delete(f"{PATH}/{{secret}}", "Remove a secret", status=204)
async def remove(call: Call) -> Answer:
    identity = call.require_scope("write")
    secret = call.request.match_info["secret"]
    await call.services.secrets.remove(identity, *call.project, secret, address=call.address)
    return None
