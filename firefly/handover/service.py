"""What predecessors may ask of a server that has come in their place."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

from firefly.link import Sockets
from firefly.link.link import Call, Note
from firefly.proxy import Tunnels
from firefly.sandbox.backend import Instance
from firefly.sandbox.keeper import Keeper


def calls(keeper: Keeper, tunnels: Tunnels) -> Mapping[str, Call]:
    async def ensure(workspace_id: UUID, insist: bool) -> Instance:
        return await keeper.ensure(workspace_id, insist=insist)

    async def connect(workspace_id: UUID, port: int) -> Sockets:
        instance, connection = await keeper.connect(workspace_id, port)
        return Sockets(instance, (connection,))

    async def probe(workspace_id: UUID, port: int) -> Sockets:
        return Sockets(None, (await keeper.probe(workspace_id, port),))

    return {
        "ensure": ensure,
        "connect": connect,
        "probe": probe,
        "stop": keeper.stop,
        "freeze": keeper.freeze,
        "restart": keeper.restart,
        "status": keeper.status,
        "ask": keeper.ask,
        "keep_awake": keeper.keep_awake,
        "let_sleep": keeper.let_sleep,
        "logs": keeper.logs,
        "remove": keeper.remove,
        "empty": keeper.empty,
        "accompany": keeper.accompany,
        "claim_prepared": keeper.claim_prepared,
        "redeem": tunnels.redeem,
    }


def notes(keeper: Keeper, look_for_jobs: asyncio.Event) -> Mapping[str, Note]:
    return {"touch": keeper.touch, "jobs": look_for_jobs.set}
