"""The ways to providers, and the repositories there that ours are kept in step with, tied together."""

from dataclasses import dataclass
from typing import Self

from firefly.git import AddressPolicy
from firefly.git.links import Links
from firefly.git.providers import Transport
from firefly.git.remotes import Remotes
from firefly.git.targets import Targets
from firefly.linking import Connections, Mirrors, Offers, Vault
from firefly.linking.access import Access
from firefly.linking.app import GitHubApp
from firefly.linking.apps import Apps
from firefly.linking.mirrored import Mirrored
from firefly.linking.resolving import Resolving
from firefly.linking.taking import Taking

from .ground import Ground
from .parts import Credentials, Hosting


@dataclass(frozen=True, kw_only=True)
class Mirroring:
    transport: Transport
    connections: Connections
    links: Links
    access: Access
    remotes: Remotes
    mirrors: Mirrors
    resolving: Resolving

    @classmethod
    def build(cls, ground: Ground, credentials: Credentials, hosting: Hosting) -> Self:
        """Everything tied together, and nothing begun: another server may still have it."""
        settings, clock, policy = ground.settings, ground.clock, AddressPolicy(ground.settings.import_addresses)
        transport, links = Transport(policy), Links(ground.database, credentials.keyring, clock)
        apps = Apps(ground.database, credentials.keyring, clock, settings)
        connections = Connections(
            database=ground.database, bus=ground.bus, audit=ground.audit, clock=clock,
            vault=Vault(credentials.keyring), offers=Offers(settings, transport, apps), transport=transport,
        )  # fmt: skip
        remotes = Remotes(
            git=hosting.git, repositories=hosting.repositories, targets=Targets(policy, settings.data_dir),
            keys=settings.run_dir / "keys", timeout=settings.import_timeout,
        )  # fmt: skip
        access = Access(
            transport=transport, links=links, connections=connections, remotes=remotes,
            app=GitHubApp(transport, apps, clock),
        )  # fmt: skip
        taking = Taking(pushes=hosting.pushes, remotes=remotes, listener=hosting.smart_http.listener)
        mirrored = Mirrored(ground.database, ground.bus, clock)
        mirrors = Mirrors(
            mirrored=mirrored, links=links, access=access, remotes=remotes, repositories=hosting.repositories,
            taking=taking, bus=ground.bus,
        )  # fmt: skip
        resolving = Resolving(
            mirrored=mirrored, repositories=hosting.repositories, remotes=remotes, access=access, taking=taking
        )
        return cls(
            transport=transport, connections=connections, links=links, access=access, remotes=remotes, mirrors=mirrors,
            resolving=resolving,
        )  # fmt: skip
