"""The API, version 1: one module per resource."""

from . import access, account, administration, domains, events, files, jobs, members, projects, sandbox

OPERATIONS = tuple(
    operation
    for module in (projects, members, access, domains, files, sandbox, events, jobs, account, administration)
    for operation in module.resource.operations
)

__all__ = ["OPERATIONS"]
