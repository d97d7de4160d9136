"""Members' own workspaces, tied to what they are made and filled by."""

from firefly.git import UnfinishedWork
from firefly.projects import Opening, OwnWorkspaces, Projects

from .bridges import BridgeCalls
from .ground import Ground
from .parts import Hosting
from .routes import WorkspaceRoutes
from .runtime import Runtime
from .workshop import Workshop


def own_workspaces(
    ground: Ground,
    hosting: Hosting,
    runtime: Runtime,
    workshop: Workshop,
    *,
    projects: Projects,
    bridges: BridgeCalls,
    routes: WorkspaceRoutes,
) -> OwnWorkspaces:
    """With the job that fills them."""
    jobs, workspaces, clock = workshop.jobs, workshop.workspaces, ground.clock
    own = OwnWorkspaces(
        projects=projects, records=runtime.records, audit=ground.audit, clock=clock, jobs=jobs, workspaces=workspaces,
        routes=routes, unfinished=UnfinishedWork(git=hosting.git, repositories=hosting.repositories),
        layers=workshop.prebuilds,
    )  # fmt: skip
    Opening(
        jobs=jobs, records=runtime.records, own=own, workspaces=workspaces, routes=routes, bridge=bridges, clock=clock,
        lies_on_layer=runtime.layers.bear,
    )  # fmt: skip
    return own
