"""Connections to providers, and projects linked to repositories there, tied together."""

import asyncio
from dataclasses import dataclass
from typing import Self

import structlog

from firefly.errors import FireflyError
from firefly.git import AddressPolicy
from firefly.git.providers.transport import Transport
from firefly.linking import Connections, Offers, Vault

from .ground import Ground
from .parts import Credentials

LOOK_EVERY = 30.0
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Linking:
    transport: Transport
    connections: Connections

    @classmethod
    def build(cls, ground: Ground, credentials: Credentials) -> Self:
        settings = ground.settings
        transport = Transport(AddressPolicy(settings.import_addresses))
        connections = Connections(
            database=ground.database, bus=ground.bus, audit=ground.audit, clock=ground.clock,
            vault=Vault(credentials.keyring), offers=Offers(settings, transport), transport=transport,
        )  # fmt: skip
        return cls(transport=transport, connections=connections)

    async def run(self) -> None:
        """Look each day whether connections still work, until cancelled."""
        try:
            while True:
                try:
                    await self.connections.look()
                except FireflyError as error:
                    log.warning("connections.not_checked", reason=error.detail)
                await asyncio.sleep(LOOK_EVERY)
        finally:
            await self.transport.close()
