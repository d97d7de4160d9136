"""What makes projects and fills them: from templates, archives, other repositories, and from one another."""

from dataclasses import dataclass
from typing import Self

from firefly.git import AddressPolicy, Copier, Importer
from firefly.projects import (
    Catalogue,
    Creation,
    Filling,
    Jobs,
    PrebuildParts,
    Prebuilds,
    Preparation,
    Remixing,
    Removal,
)
from firefly.quotas import Quotas
from firefly.secrets import SecretValues

from .bridges import BridgeCalls
from .ground import Ground
from .parts import Hosting
from .routes import WorkspaceRoutes
from .runtime import Runtime
from .workspaces import KeeperWorkspaces

# An archive may unpack to this many times the size of an upload.
UNPACKED = 4


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What works on repositories and templates."""

    catalogue: Catalogue
    preparation: Preparation
    importer: Importer
    copier: Copier

    @classmethod
    async def open(cls, ground: Ground, hosting: Hosting) -> Self:
        data, catalogue = ground.settings.data_dir, Catalogue()
        preparation = Preparation(data=data, git=hosting.git, catalogue=catalogue)
        await preparation.open()
        importer = Importer(
            git=hosting.git, repositories=hosting.repositories, keep_out=data,
            policy=AddressPolicy(ground.settings.import_addresses), timeout=ground.settings.import_timeout,
        )  # fmt: skip
        copier = Copier(git=hosting.git, repositories=hosting.repositories)
        return cls(catalogue=catalogue, preparation=preparation, importer=importer, copier=copier)


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """Nothing begun: the jobs are opened by whoever has them."""

    catalogue: Catalogue
    workspaces: KeeperWorkspaces
    importer: Importer
    filling: Filling
    jobs: Jobs
    removal: Removal
    creation: Creation
    prebuilds: Prebuilds

    @classmethod
    async def build(
        cls,
        ground: Ground,
        hosting: Hosting,
        runtime: Runtime,
        *,
        bridges: BridgeCalls,
        routes: WorkspaceRoutes,
        secrets: SecretValues,
    ) -> Self:
        tools = await Tools.open(ground, hosting)
        clock, records, repositories = ground.clock, runtime.records, hosting.repositories
        workspaces, jobs = KeeperWorkspaces(runtime.keeper), Jobs(database=ground.database, bus=ground.bus, clock=clock)
        removal = Removal(records=records, repositories=repositories, workspaces=workspaces, routes=routes, clock=clock)
        filling = Filling(
            jobs=jobs, records=records, importer=tools.importer, artifacts=ground.artifacts, bridge=bridges,
            routes=routes, workspaces=workspaces, removal=removal,
            largest_unpacked=ground.settings.max_upload * UNPACKED,
        )  # fmt: skip
        Remixing(
            jobs=jobs, records=records, filling=filling, bridge=bridges, repositories=repositories,
            copier=tools.copier, lies_on_layer=runtime.layers.bear,
        )  # fmt: skip
        creation = Creation(
            records=records, audit=ground.audit, quotas=Quotas(ground.database), clock=clock,
            repositories=repositories, preparation=tools.preparation, catalogue=tools.catalogue,
            importer=tools.importer, workspaces=workspaces, bridge=bridges, routes=routes, removal=removal, jobs=jobs,
            secrets=secrets,
        )  # fmt: skip
        parts = PrebuildParts(
            records=records, bus=ground.bus, clock=clock, layers=runtime.layers, workspaces=workspaces, bridge=bridges,
            repositories=repositories, copier=tools.copier, preparation=tools.preparation, reading=runtime.reading,
        )  # fmt: skip
        creation.ready = prebuilds = Prebuilds(parts, wanted=ground.settings.prebuilds)
        return cls(
            catalogue=tools.catalogue, workspaces=workspaces, importer=tools.importer, filling=filling, jobs=jobs,
            removal=removal, creation=creation, prebuilds=prebuilds,
        )  # fmt: skip
