"""Builds made and shown for real: a workshop, and the sites, hosts and routes of what it makes."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from firefly.adapters.pages import PagesServing
from firefly.adapters.sites import BridgesOfSites
from firefly.builds.model import Build, BuildState, Site, SiteState
from firefly.builds.packing.unpacking import Unpacking
from firefly.builds.pages import Exhibition, Shelf
from firefly.builds.sites import Draining, Ends, SiteDoorman, SiteHosts, SiteQuota, SiteRecords, Sites, Starting
from firefly.routes import Access, RouteTable, SandboxTarget
from firefly.routes.store import RouteStore
from firefly.sandbox.backend import State
from firefly.sandbox.keeper import Keeper
from firefly.sandbox.layers import Layers
from firefly.secrets import Keyring
from firefly.settings import Settings
from firefly.testing.build_log import MemoryBuildLog
from tests.builds.workshop import Workshop

DOMAIN = "preview.localhost"
SERVER = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(os.environ.get("STATUS", "200"))); self.end_headers()
        self.wfile.write(" ".join(map(str, map(os.environ.get, ("GREETING", "TOKEN", "FIREFLY_BUILD")))).encode())
http.server.HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


def project(greeting: str, extra: str = "") -> dict[str, str]:
    """The files of one that serves."""
    text = f"run: python3 server.py\nenv: {{GREETING: {greeting}}}\n{extra}"
    return {"server.py": SERVER, "firefly.yml": text}


class Stage:
    def __init__(self, shop: Workshop, keeper: Keeper, settings: Settings, *, most: int = 20) -> None:
        self.shop, self.keeper, self.yard = shop, keeper, shop.yard
        database, bus, clock = shop.yard.database, shop.yard.bus, shop.yard.clock
        self.table = RouteTable()
        self.routes = RouteStore(database, bus, self.table)
        self.records = SiteRecords(database, bus, clock, domain=DOMAIN)
        self.hosts = SiteHosts(self.records, self.routes)
        layers = Layers(database, keeper._backend, clock)
        unpacking = Unpacking(keeper=keeper, artifacts=shop.artifacts, layers=layers, layered=True)
        self.bridges = BridgesOfSites(
            keeper=keeper, records=self.records, settings=settings, keyring=Keyring(["k" * 32]),
            secrets_of=shop._secrets, pour=unpacking.pour,
        )  # fmt: skip
        self.draining = Draining(self.records, keeper, longest=10)
        self.quota = SiteQuota(self.records, keeper, self.draining, most=most)
        self.doorman = SiteDoorman(records=self.records, quota=self.quota, bridges=self.bridges)
        keeper.ask_before(self.doorman)
        shelf = Shelf(settings.data_dir / "pages", shop.artifacts, room=settings.pages_room)
        self.serving = PagesServing(Exhibition(self.records, shelf, bus))
        starting = Starting(keeper=keeper, exhibits=self.serving, doorman=self.doorman, bridges=self.bridges)
        self.sites = Sites(
            records=self.records, hosts=self.hosts, keeper=keeper, starting=starting,
            unpacking=unpacking, draining=self.draining, apply=self.apply, url=settings.host_url,
        )  # fmt: skip
        self.ends = Ends(records=self.records, hosts=self.hosts, draining=self.draining, apply=self.apply)

    async def apply(self, hosts: list[str]) -> None:
        await self.routes.apply(hosts)

    async def build(self, files: Mapping[str, str | bytes | None], **more: Any) -> Build:
        """Built, and not shown yet."""
        commit = self.shop.commit(files)
        build = await self.shop.ask(commit, **more)
        outcome = await self.shop.runner.run(build, MemoryBuildLog())
        assert outcome.state is BuildState.SUCCEEDED, outcome
        await self.yard.execute(
            "update builds set state = 'succeeded', artifact = $2, ended_at = now() where id = $1",
            build.id, outcome.artifact,
        )  # fmt: skip
        return await self.found(build)

    async def found(self, build: Build) -> Build:
        known = await self.yard.records.find(build.id)
        assert known is not None
        return known

    async def publish(self, build: Build) -> tuple[Site, MemoryBuildLog]:
        log = MemoryBuildLog()
        await self.sites.publish(build, log)
        return await self.site(build), log

    async def show(self, files: Mapping[str, str | bytes | None], **more: Any) -> Site:
        site, log = await self.publish(await self.build(files, **more))
        assert site.state is SiteState.LIVE, (site, [(step.name, step.said, bytes(step.out)) for step in log.steps])
        return site

    async def site(self, build: Build) -> Site:
        found = await self.records.of_build(build.id)
        assert found is not None
        return found

    def leads(self, label: str) -> UUID | None:
        """To whose sandbox."""
        route = self.table.get(f"{label}.{DOMAIN}")
        return route.target.workspace_id if route and isinstance(route.target, SandboxTarget) else None

    def access(self, label: str) -> Access | None:
        route = self.table.get(f"{label}.{DOMAIN}")
        return route.access if route else None

    async def says(self, workspace_id: UUID, port: int = 3000) -> str:
        """What the site answers, woken where it sleeps."""
        await self.keeper.ensure(workspace_id)
        await self.bridges.application(workspace_id, wait=20)
        connection = await self.keeper.probe(workspace_id, port)
        reader, writer = await asyncio.open_connection(sock=connection)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        answer = await reader.read()
        writer.close()
        return answer.partition(b"\r\n\r\n")[2].decode()

    async def emptied(self) -> set[UUID]:
        """Sites whose files are gone."""
        async with self.yard.database.connection() as connection:
            rows = await connection.fetch("select id from sites where emptied_at is not null")
        return {UUID(str(row["id"])) for row in rows}

    async def runs(self, site: Site) -> bool:
        assert site.workspace_id is not None
        return (await self.keeper.status(site.workspace_id)).state is State.RUNNING
