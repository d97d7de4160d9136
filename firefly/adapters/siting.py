"""What shows the results of builds, tied together in one place."""

from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Self

from firefly.builds.asking.builds import Builds
from firefly.builds.log import SiteLog
from firefly.builds.packing.artifacts import Artifacts
from firefly.builds.packing.unpacking import Unpacking
from firefly.builds.pages import Exhibition, Shelf
from firefly.builds.sites import (
    Draining,
    Ends,
    SiteControl,
    SiteDoorman,
    SiteQuota,
    SiteRecords,
    Sites,
    Starting,
    Watching,
)
from firefly.builds.sites.control import OpenLog
from firefly.secrets import Keyring

from .ground import Ground
from .pages import PagesServing
from .sites import BridgesOfSites
from .work import Work


@dataclass(frozen=True, kw_only=True)
class Siting:
    """`run` is what has to happen by itself."""

    records: SiteRecords
    sites: Sites
    ends: Ends
    control: SiteControl
    draining: Draining
    watching: Watching
    log: SiteLog
    quota: SiteQuota
    shelf: Shelf
    exhibition: Exhibition
    serving: PagesServing

    @classmethod
    def build(
        cls,
        ground: Ground,
        *,
        work: Work,
        keyring: Keyring,
        builds: Builds,
        artifacts: Artifacts,
        unpacking: Unpacking,
        open_log: OpenLog,
    ) -> Self:
        """With a doorman for the keeper, before that opens. `open_log` opens the log of a build that has ended."""
        settings, records, keeper, hosts = ground.settings, work.sites, work.keeper, work.site_hosts
        bridges = BridgesOfSites(
            keeper=keeper, records=records, settings=settings, keyring=keyring, secrets_of=work.values.environment,
            pour=unpacking.pour,
        )  # fmt: skip
        draining = Draining(records, keeper, longest=settings.drain_requests)
        quota = SiteQuota(records, keeper, draining, most=settings.sites_per_owner)
        doorman = SiteDoorman(records=records, quota=quota, bridges=bridges)
        keeper.ask_before(doorman)
        shelf = Shelf(settings.data_dir / "pages", artifacts, room=settings.pages_room)
        exhibition = Exhibition(records, shelf, ground.bus)
        serving = PagesServing(exhibition)
        starting = Starting(keeper=keeper, exhibits=serving, doorman=doorman, bridges=bridges)
        sites = Sites(
            records=records, hosts=hosts, keeper=keeper, starting=starting, unpacking=unpacking,
            draining=draining, apply=work.routes.apply, url=settings.host_url,
        )  # fmt: skip
        return cls(
            records=records,
            sites=sites,
            ends=Ends(records=records, hosts=hosts, draining=draining, apply=work.routes.apply),
            control=SiteControl(
                records=records, builds=builds, projects=work.projects, draining=draining, publisher=sites,
                exhibits=serving, open_log=open_log,
            ),
            draining=draining,
            watching=Watching(records, bridges, node=keeper.node),
            log=SiteLog(
                ground.database, ground.bus,
                output=lambda workspace_id, after: bridges.output(workspace_id, after=after),
                running=keeper.all_running,
            ),
            quota=quota, shelf=shelf, exhibition=exhibition, serving=serving,
        )  # fmt: skip

    async def open(self) -> None:
        """Before anybody is shown anything."""
        await self.shelf.open()

    async def close(self) -> None:
        await self.serving.close()
        await self.shelf.close()

    def upkeep(self) -> Iterator[Coroutine[None, None, None]]:
        """What is to run for as long as the server does."""
        yield self.exhibition.run()
        yield self.ends.run()
        yield self.draining.run()
        yield self.watching.run()
        yield self.control.run()
        yield self.log.run()
