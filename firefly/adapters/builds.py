"""Everything that builds, tied together in one place."""

from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Self

from firefly.builds import republishing
from firefly.builds.asking.builds import Builds
from firefly.builds.asking.commits import Commits
from firefly.builds.asking.heads import Heads
from firefly.builds.asking.pushing import PushedBuilds
from firefly.builds.asking.schedules import Schedules
from firefly.builds.log import Logs
from firefly.builds.queueing.claims import PUBLISHER, Claims
from firefly.builds.queueing.queue import Queue
from firefly.builds.queueing.records import Records
from firefly.builds.queueing.sweeping import Sweeping
from firefly.builds.queueing.usage import Usages
from firefly.builds.queueing.workers import Workers
from firefly.builds.republishing import Republishing
from firefly.builds.seams import Listener
from firefly.builds.telling.delivery import Delivery
from firefly.builds.telling.mailing import MailListener
from firefly.builds.telling.notices import Notices
from firefly.builds.views.desk import Desk
from firefly.sandbox.backend import SandboxBackend
from firefly.sandbox.lease import place_of
from firefly.secrets import Keyring

from .calling import Calling
from .ground import Ground
from .making import Making
from .parts import Hosting
from .siting import Siting
from .work import Work


@dataclass(frozen=True, kw_only=True)
class Building:
    """`run` is what has to happen by itself."""

    records: Records
    notices: Notices
    queue: Queue
    commits: Commits
    builds: Builds
    logs: Logs
    desk: Desk
    delivery: Delivery
    making: Making
    schedules: Schedules
    sweeping: Sweeping
    siting: Siting
    workers: Workers
    calling: Calling
    usages: Usages

    @classmethod
    def build(cls, ground: Ground, *, hosting: Hosting, work: Work, keyring: Keyring, backend: SandboxBackend) -> Self:
        """Everything tied together, and nothing begun: another server may still build."""
        notices = Notices()
        records = Records(ground.database, ground.bus, ground.clock, notices)
        queue = Queue(records, minutes=ground.settings.build_minutes_per_owner)
        commits = Commits(git=hosting.git, repositories=hosting.repositories)
        schedules = Schedules(records=records, queue=queue, commits=commits)
        heads = Heads(records=records, queue=queue, schedules=schedules)
        hosting.pushes.recorder = PushedBuilds(heads=heads, commits=commits, url=ground.settings.url)
        builds = Builds(
            records=records, queue=queue, heads=heads, commits=commits, projects=work.projects, audit=ground.audit
        )
        logs = Logs(ground.database, ground.bus, ground.clock, most=ground.settings.build_log_max)
        desk = Desk.build(
            records=records, builds=builds, logs=logs, sites=work.sites, projects=work.projects, audit=ground.audit,
            git=hosting.git, repositories=hosting.repositories, keyring=keyring,
        )  # fmt: skip
        making = Making.build(ground, hosting=hosting, work=work, backend=backend)
        siting = Siting.build(
            ground, work=work, keyring=keyring, builds=builds, artifacts=making.artifacts, unpacking=making.unpacking,
            open_log=logs.writing,
        )  # fmt: skip
        siting.records.notices = notices
        workers = Workers(
            claims=Claims(records, ground.settings, place=str(place_of(ground.settings))), runner=making.runner,
            publisher=siting.sites, open_log=logs.writing, bus=ground.bus, at_once=ground.settings.builds_at_once,
        )  # fmt: skip
        sweeping = Sweeping(records=records, heads=heads, commits=commits, repositories=hosting.repositories)
        sweeping.on_ended(siting.ends.heed)
        calling = Calling.build(ground, work=work, keyring=keyring)
        for listener in _listeners(ground, siting, logs, calling):
            notices.register(listener)
        return cls(
            records=records, notices=notices, queue=queue, commits=commits, builds=builds, logs=logs,
            delivery=Delivery(records, limits={PUBLISHER: republishing.LIMIT}), schedules=schedules, sweeping=sweeping,
            desk=desk, making=making, siting=siting, workers=workers, calling=calling,
            usages=Usages(records=records, queue=queue, sites=siting.quota, settings=ground.settings),
        )  # fmt: skip

    def upkeep(self) -> Iterator[Coroutine[None, None, None]]:
        """What is to run for as long as the server does."""
        yield self.delivery.run()
        yield self.making.run()
        yield self.schedules.run()
        yield self.sweeping.run()
        yield self.logs.following.run()
        yield self.workers.run()
        yield from self.siting.upkeep()
        yield self.calling.sending.run()


def _listeners(ground: Ground, siting: Siting, logs: Logs, calling: Calling) -> Iterator[Listener]:
    """Those that there are without any linked provider."""
    yield Republishing(siting.sites, logs.writing)
    yield calling.listener
    if ground.settings.mail_host:
        yield MailListener(ground.database, ground.settings)
