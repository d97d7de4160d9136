"""Projects that are linked to repositories at providers, tied together."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from firefly.git.links import Links
from firefly.git.providers import Transport
from firefly.git.remotes import Remotes
from firefly.linking import Connections, Discovery, Joining, LinkedProjects, Mirrors, Removing
from firefly.linking.access import Access
from firefly.linking.choosing import Choosing
from firefly.linking.importing import Importing
from firefly.linking.making import AppMaking
from firefly.linking.news import AppNews
from firefly.linking.steps import Steps
from firefly.linking.upkeep import look_for_ever

from .ground import Ground
from .mirroring import Mirroring
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
    steps: Steps
    making: AppMaking
    news: AppNews

    @classmethod
    def build(cls, ground: Ground, credentials: Credentials, hosting: Hosting, work: Work) -> Self:
        """Everything tied together, and nothing begun: another server may still have it."""
        clock, ways = ground.clock, Mirroring.build(ground, credentials, hosting)
        connections, links, access, mirrors = ways.connections, ways.links, ways.access, ways.mirrors
        shared: Mapping[str, Any] = {"links": links, "access": access}
        steps = Steps(database=ground.database, clock=clock, mirrors=mirrors, app_url=ground.settings.url, **shared)
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
            mirrors=mirrors, resolving=ways.resolving, steps=steps,
            choosing=Choosing(connections=connections, access=access, steps=steps),
            removing=removing, importing=importing, **shared,
        )  # fmt: skip
        joining = Joining(
            database=ground.database, clock=clock, connections=connections, records=work.records, members=work.members,
            **shared,
        )  # fmt: skip
        return cls(
            transport=ways.transport, connections=connections, links=links, access=access, remotes=ways.remotes,
            mirrors=mirrors, discovery=Discovery(connections=connections, access=access, joining=joining),
            joining=joining, removing=removing, projects=projects, steps=steps,
            making=AppMaking(
                database=ground.database, clock=clock, audit=ground.audit, apps=access.app.apps,
                transport=ways.transport, app_url=ground.settings.url,
            ),
            news=AppNews(
                database=ground.database, clock=clock, apps=access.app.apps, links=links, connections=connections
            ),
        )  # fmt: skip

    async def run(self) -> None:
        """Keep linked projects in step, and look after connections and links, until cancelled."""
        looks = {
            "connections": self.connections.look,
            "members": self.joining.look,
            "removals": self.removing.look,
            "restored": self.removing.restore,
            "repositories": self.removing.ask,
            "news": self.news.forget,
        }
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.mirrors.run())
                group.create_task(look_for_ever(looks))
        finally:
            await self.transport.close()
