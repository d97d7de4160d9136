"""Connections to providers, and projects linked to repositories there, tied together."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from firefly.git import AddressPolicy
from firefly.git.links import Links
from firefly.git.providers import Transport
from firefly.git.remotes import Remotes
from firefly.git.targets import Targets
from firefly.linking import Connections, Discovery, Joining, LinkedProjects, Mirrors, Offers, Removing, Vault
from firefly.linking.access import Access
from firefly.linking.app import GitHubApp
from firefly.linking.choosing import Choosing
from firefly.linking.importing import Importing
from firefly.linking.mirrored import Mirrored
from firefly.linking.resolving import Resolving
from firefly.linking.steps import Steps
from firefly.linking.taking import Taking
from firefly.linking.upkeep import look_for_ever

from .ground import Ground
from .parts import Credentials, Hosting
from .work import Work


@dataclass(frozen=True, kw_only=True)
class Linking:
    """`links`, `access`, `remotes` and `mirrors` are for whoever heeds what providers tell."""

    transport: Transport
    connections: Connections
    links: Links
    access: Access
    remotes: Remotes
    mirrors: Mirrors
    discovery: Discovery
    joining: Joining
    removing: Removing
    projects: LinkedProjects

    @classmethod
    def build(cls, ground: Ground, credentials: Credentials, hosting: Hosting, work: Work) -> Self:
        """Everything tied together, and nothing begun: another server may still have it."""
        settings, clock = ground.settings, ground.clock
        policy = AddressPolicy(settings.import_addresses)
        transport, links = Transport(policy), Links(ground.database, credentials.keyring, clock)
        connections = Connections(
            database=ground.database, bus=ground.bus, audit=ground.audit, clock=clock,
            vault=Vault(credentials.keyring), offers=Offers(settings, transport), transport=transport,
        )  # fmt: skip
        remotes = Remotes(
            git=hosting.git, repositories=hosting.repositories, targets=Targets(policy, settings.data_dir),
            keys=settings.run_dir / "keys", timeout=settings.import_timeout,
        )  # fmt: skip
        access = Access(
            transport=transport, links=links, connections=connections, remotes=remotes,
            app=GitHubApp.from_settings(settings, transport, clock),
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
        shared: Mapping[str, Any] = {"links": links, "access": access}
        steps = Steps(database=ground.database, clock=clock, mirrors=mirrors, app_url=settings.url, **shared)
        removing = Removing(
            database=ground.database, clock=clock, steps=steps, records=work.records, projects=work.projects, **shared
        )
        workshop = work.workshop
        importing = Importing(
            jobs=work.jobs, records=work.records, clock=clock, filling=workshop.filling, importer=workshop.importer,
            bridge=work.bridges, removal=workshop.removal, connections=connections, steps=steps, removing=removing,
            **shared,
        )  # fmt: skip
        projects = LinkedProjects(
            projects=work.projects, records=work.records, jobs=work.jobs, audit=ground.audit, connections=connections,
            mirrors=mirrors, resolving=resolving, steps=steps,
            choosing=Choosing(connections=connections, access=access, steps=steps),
            removing=removing, importing=importing, **shared,
        )  # fmt: skip
        joining = Joining(
            database=ground.database, clock=clock, connections=connections, records=work.records, members=work.members,
            **shared,
        )  # fmt: skip
        return cls(
            transport=transport, connections=connections, links=links, access=access, remotes=remotes,
            mirrors=mirrors, discovery=Discovery(connections=connections, access=access, joining=joining),
            joining=joining, removing=removing, projects=projects,
        )  # fmt: skip

    async def run(self) -> None:
        """Keep linked projects in step, and look after connections and links, until cancelled."""
        looks = {
            "connections": self.connections.look,
            "members": self.joining.look,
            "removals": self.removing.look,
            "restored": self.removing.restore,
            "repositories": self.removing.ask,
        }
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.mirrors.run())
                group.create_task(look_for_ever(looks))
        finally:
            await self.transport.close()
