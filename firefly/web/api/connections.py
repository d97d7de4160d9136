"""The caller's connections to git providers."""

from firefly.linking import Connection, Need

from .. import schemas
from ..pages.sign_in import safe_next
from ..routing import Answer, Call, Resource

resource = Resource("Connections")
PATH = "/connections"


def _answer(found: Connection) -> schemas.Connection:
    return schemas.Connection.model_validate(found)


@resource.get(PATH, "List your connections, and what one can connect to", answer=schemas.Connections)
async def list_connections(call: Call) -> Answer:
    identity = call.require_scope("read")
    connections, account_id = call.services.connections, identity.account.id
    return schemas.Connections(
        connections=[_answer(one) for one in await connections.list(account_id)],
        providers=[schemas.Provider.model_validate(offer) for offer in await connections.offers.list()],
        left=[schemas.Left.model_validate(one) for one in await call.services.linked.left(account_id)],
        app_page=await call.services.linked.app_page(),
    )


@resource.post(
    PATH, "Connect by a personal access token", body=schemas.NewConnection, answer=schemas.Connection, status=201
)
async def connect(call: Call) -> Answer:
    identity = call.require_scope("write")
    body = await call.body(schemas.NewConnection)
    made = await call.services.connections.put_token(
        identity, body.provider, url=body.url, token=body.token, user=body.user
    )
    return _answer(made)


@resource.post(
    f"{PATH}/{{id}}/authorize",
    "Begin to connect at the provider's page",
    body=schemas.Authorize,
    answer=schemas.Authorization,
)
async def authorize(call: Call) -> Answer:
    """The id is a provider's name: there is no connection yet."""
    identity = call.require_scope("write")
    body = await call.body(schemas.Authorize)
    url = await call.services.connections.begin(
        identity, call.request.match_info["id"], need=Need(body.need), next=safe_next(body.next)
    )
    return schemas.Authorization(url=url)


@resource.post(f"{PATH}/{{id}}/check", "Ask the provider whether it still works", answer=schemas.Connection)
async def check(call: Call) -> Answer:
    identity = call.require_scope("write")
    found = await call.services.connections.get(identity, call.request.match_info["id"])
    return _answer(await call.services.connections.check(found.id))


@resource.delete(f"{PATH}/{{id}}", "Disconnect, at the provider as well", answer=schemas.Disconnected)
async def disconnect(call: Call) -> Answer:
    identity = call.require_scope("write")
    found = await call.services.connections.get(identity, call.request.match_info["id"])
    return schemas.Disconnected(left=await call.services.connections.disconnect(identity, found.id))
