"""What sandboxes run by: their keeper, and the way that each has to its hosted repository."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from firefly.builds.sites import SiteRecords
from firefly.git import Checkpoints, Copies, Gateway, Shadows
from firefly.projects import Records
from firefly.sandbox.backend import SandboxBackend
from firefly.sandbox.handing import HandingKeeper
from firefly.sandbox.layers import Layers

from .bridges import BridgeCalls
from .ground import Ground
from .looking import BridgeInformant
from .packages import Packages
from .parts import Hosting
from .sealing import Sealing
from .sites import BuiltSpecs
from .workspaces import ProjectSpecs, RunObserver


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """`reading` holds which workspaces may read a project's repository, and only that."""

    records: Records
    keeper: HandingKeeper
    layers: Layers
    gateway: Gateway
    packages: Packages
    copies: Copies
    checkpoints: Checkpoints
    sites: SiteRecords
    reading: dict[UUID, UUID]

    @classmethod
    def build(cls, ground: Ground, hosting: Hosting, backend: SandboxBackend) -> Self:
        records, reading = Records(ground.database, ground.bus), dict[UUID, UUID]()
        content = ground.settings.content_domain.partition(":")[0]
        sites = SiteRecords(ground.database, ground.bus, ground.clock, domain=content)
        layers = Layers(ground.database, backend, ground.clock)
        keeper = _keeper(ground, records, sites, layers, backend)

        async def project_of(workspace_id: UUID) -> UUID | None:
            facts = await records.facts(workspace_id)
            return facts.project_id if facts else reading.get(workspace_id)

        async def member_of(workspace_id: UUID) -> UUID | None:
            facts = await records.facts(workspace_id)
            return facts.member_id if facts else None

        shadows = Shadows(
            git=hosting.git, maintenance=hosting.maintenance, epoch_of=keeper.workspaces.epoch,
            advanced=keeper.workspaces.note_flush,
        )  # fmt: skip
        copies = Copies(
            database=ground.database, artifacts=ground.artifacts, clock=ground.clock, check_epoch=shadows.check_epoch
        )
        gateway = Gateway(
            git=hosting.git, repositories=hosting.repositories, pushes=hosting.pushes, project_of=project_of,
            shadows=shadows, copies=copies, reads_only=reading.__contains__, member_of=member_of,
        )  # fmt: skip
        packages = Packages(ground.settings, keeper)
        return cls(
            records=records, keeper=keeper, layers=layers, gateway=gateway, packages=packages, copies=copies,
            reading=reading, checkpoints=hosting.checkpoints, sites=sites,
        )  # fmt: skip

    def follow(self, bridges: BridgeCalls) -> None:
        """See to what each run's bridge is told and asked. Before the keeper opens."""
        facts_of = self.records.facts
        sealing = Sealing(
            gateway=self.gateway, bridges=bridges, facts_of=facts_of, checkpoints=self.checkpoints, copies=self.copies
        )
        observer = RunObserver(
            gateway=self.gateway, bridges=bridges, keeper=self.keeper, facts_of=facts_of, forget=self.copies.forget,
            sealing=sealing,
        )  # fmt: skip
        self.keeper.inform_by(BridgeInformant(self.keeper))
        self.keeper.observe(observer)
        self.keeper.observe(self.packages)
        self.keeper.save_in(observer)


def _keeper(
    ground: Ground, records: Records, sites: SiteRecords, layers: Layers, backend: SandboxBackend
) -> HandingKeeper:
    source = ProjectSpecs(settings=ground.settings, facts_of=records.facts)
    keeper = HandingKeeper(
        backend=backend, database=ground.database, bus=ground.bus, source=BuiltSpecs(source, sites),
        settings=ground.settings, clock=ground.clock,
    )  # fmt: skip
    # Where files end with their run, each start is one elsewhere: what an earlier one still saves is out of date.
    keeps = backend.capabilities().keeps_files
    source.standing_of = keeper.workspaces.standing if keeps else keeper.workspaces.raise_epoch
    source.layers_of = layers.below
    return keeper
