"""Pages that builds made, published where there is no sandbox at all: whoever wanted one would fail."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID, uuid4

from firefly.adapters.pages import PagesServing
from firefly.artifacts import FileArtifactStore
from firefly.auth import Identity
from firefly.builds.model import Build, Site
from firefly.builds.packing.artifacts import Artifacts
from firefly.builds.pages import Exhibition, Shelf
from firefly.builds.sites import Draining, Ends, SiteControl, SiteHosts, SiteRecords, Sites, Starting
from firefly.routes import PagesTarget, RouteTable
from firefly.routes.store import RouteStore
from firefly.settings import Settings
from firefly.testing.build_log import MemoryBuildLog
from tests.bridge.test_building import tar
from tests.builds.holding import some_hold
from tests.builds.test_artifacts import pieces
from tests.builds.yard import Yard

DOMAIN = "preview.localhost"
NOBODY: Any = None


class KeeperOfNothing:
    """What of a keeper is asked for where there are no sandboxes."""

    node = "here"


class Replica:
    """What one server has of its own: what it has unpacked, and what it shows."""

    def __init__(self, yard: Yard, records: SiteRecords, artifacts: Artifacts, settings: Settings, name: str) -> None:
        self.folder = settings.data_dir / name
        self.shelf = Shelf(self.folder, artifacts, room=settings.pages_room)
        self.exhibition = Exhibition(records, self.shelf, yard.bus)
        self.serving = PagesServing(self.exhibition)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        await self.shelf.open()
        hearing = asyncio.create_task(self.exhibition.run())
        try:
            yield
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
            await self.serving.close()
            await self.shelf.close()


class Gallery:
    def __init__(self, yard: Yard, project_id: UUID, ada: Identity, settings: Settings) -> None:
        self.yard, self.project_id, self.ada, self.settings = yard, project_id, ada, settings
        self.store = FileArtifactStore(settings.data_dir / "artifacts")
        self.artifacts = Artifacts(yard.database, self.store, yard.clock)
        self.records = SiteRecords(yard.database, yard.bus, yard.clock, domain=DOMAIN)
        self.here, self.there = self.replica("here"), self.replica("there")
        self.table = RouteTable()
        self.routes = RouteStore(yard.database, yard.bus, self.table)
        self.hosts = hosts = SiteHosts(self.records, self.routes)
        keeper = cast(Any, KeeperOfNothing())
        draining = Draining(self.records, keeper, longest=10)
        starting = Starting(keeper=keeper, exhibits=self.here.serving, doorman=NOBODY, bridges=NOBODY)
        self.sites = Sites(
            records=self.records, hosts=hosts, keeper=keeper, starting=starting, unpacking=NOBODY, draining=draining,
            apply=self.routes.apply, url=self.settings.host_url,
        )  # fmt: skip
        self.ends = Ends(records=self.records, hosts=hosts, draining=draining, apply=self.routes.apply)
        self.control = SiteControl(
            records=self.records, builds=yard.builds, projects=yard.projects, draining=draining, publisher=self.sites,
            exhibits=self.here.serving, open_log=NOBODY,
        )  # fmt: skip

    def replica(self, name: str) -> Replica:
        return Replica(self.yard, self.records, self.artifacts, self.settings, name)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with self.here.opened(), self.there.opened():
            yield

    async def build(self, archive: bytes, number: int, *, ref: str = "refs/heads/main", **plan: object) -> Build:
        """As if it had just succeeded."""
        product = await self.artifacts.add(pieces(archive), "site", await some_hold(self.yard.database))
        build_id = uuid4()
        await self.yard.execute(
            "insert into builds (id, project_id, number, ref, commit, trigger, state, created_at, plan, artifact)"
            " values ($1, $2, $3, $4, repeat('a', 40), 'push', 'succeeded', now(), $5, $6)",
            build_id, self.project_id, number, ref, {"folder": "", **plan}, product.digest,
        )  # fmt: skip
        found = await self.yard.records.find(build_id)
        assert found is not None
        return found

    async def publish(self, build: Build) -> tuple[Site, MemoryBuildLog]:
        log = MemoryBuildLog()
        await self.sites.publish(build, log)
        site = await self.records.of_build(build.id)
        assert site is not None
        return site, log

    async def show(self, number: int, files: Mapping[str, str], **more: Any) -> Site:
        return (await self.publish(await self.build(tar(*files.items()), number, **more)))[0]

    def leads(self, label: str) -> UUID | None:
        """To which site of pages."""
        route = self.table.get(f"{label}.{DOMAIN}")
        return route.target.site_id if route and isinstance(route.target, PagesTarget) else None

    async def get(self, site: Site, path: str = "/", *, at: Replica | None = None) -> tuple[int, str]:
        """Status and body of an answer, by a connection that is made for it."""
        reader, writer = await asyncio.open_connection(sock=await (at or self.here).serving.connect(site.id))
        answer = await ask(reader, writer, path)
        writer.close()
        return answer


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> tuple[int, str]:
    """One request on a connection that lives on."""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
    return int(head.split()[1]), (await reader.readexactly(int(fields["content-length"]))).decode()
