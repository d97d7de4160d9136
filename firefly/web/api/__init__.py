"""The API, version 1: one module per resource."""

from . import (
    access,
    account,
    administration,
    branches,
    build_logs,
    build_overview,
    build_sandbox,
    builds,
    checkpoints,
    clearing,
    connections,
    domains,
    events,
    files,
    front_door,
    hook_deliveries,
    hooks,
    imports,
    jobs,
    linking,
    members,
    prebuilds,
    projects,
    quotas,
    sandbox,
    secrets,
    workspaces,
)

OPERATIONS = tuple(
    operation
    for module in (
        projects,
        members,
        access,
        domains,
        builds,
        build_logs,
        build_overview,
        build_sandbox,
        branches,
        hooks,
        hook_deliveries,
        prebuilds,
        secrets,
        workspaces,
        files,
        checkpoints,
        sandbox,
        events,
        jobs,
        connections,
        imports,
        linking,
        account,
        administration,
        quotas,
        clearing,
        front_door,
    )
    for operation in module.resource.operations
)

__all__ = ["OPERATIONS"]
