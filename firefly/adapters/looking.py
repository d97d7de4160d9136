"""What bridges say that they are in the middle of, for the keeper."""

import asyncio
from uuid import UUID

from firefly.client.bridge import BridgeClient
from firefly.client.errors import domain_errors
from firefly.errors import TimedOut
from firefly.sandbox.keeper import Keeper, Sight, Wishes

from .dialer import readable

LIMIT = 3.0


class BridgeInformant:
    """Fulfils the keeper's `Informant`."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    async def look(self, workspace_id: UUID) -> Sight:
        try:
            async with (
                asyncio.timeout(LIMIT),
                domain_errors(),
                BridgeClient.on_socket(self._keeper.bridge_path(workspace_id)) as bridge,
            ):
                told = await bridge.activity(timeout=LIMIT)
        except TimeoutError as error:
            raise TimedOut("The project server did not answer in time.") from error
        return Sight(
            busy=tuple(filter(None, map(readable, told.busy))),
            ports=tuple(told.ports),
            wishes=Wishes(**told.wishes.model_dump()) if told.wishes else None,
        )
