"""The API, version 1: one module per resource."""

from . import (
    access,
    account,
    administration,
    domains,
    events,
    files,
    front_door,
    jobs,
    members,
    projects,
    sandbox,
    secrets,
)

OPERATIONS = tuple(
    operation
    for module in (
        projects,
        members,
        access,
        domains,
        secrets,
        files,
        sandbox,
        events,
        jobs,
        account,
        administration,
        front_door,
    )
    for operation in module.resource.operations
)

__all__ = ["OPERATIONS"]
