"""Routes as rows of PostgreSQL."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from firefly.errors import InvalidInput

from .route import Access, AppTarget, Route, SandboxTarget, Target


def from_row(row: Mapping[str, Any]) -> Route:
    """The route of a row of table `routes`, or of such a row as JSON."""
    project_id = row["project_id"]
    return Route(
        host=row["host"],
        target=_target(row["kind"], row["target"]),
        project_id=UUID(project_id) if isinstance(project_id, str) else project_id,
        access=Access(row["access"]),
        policy_version=row["policy_version"],
        redirect_to=row["redirect_to"],
    )


def target_of(target: Target) -> tuple[str, dict[str, object]]:
    """Kind and data of a target, as a row holds them. Raises InvalidInput for one that no host may have."""
    match target:
        case AppTarget():
            return "app", {}
        case SandboxTarget(workspace_id, port):
            return "sandbox", {"workspace_id": str(workspace_id), "port": port}
        case _:
            raise InvalidInput("A bridge is not the target of a host.", field="target")


def _target(kind: str, data: Mapping[str, Any]) -> Target:
    return AppTarget() if kind == "app" else SandboxTarget(UUID(data["workspace_id"]), data["port"])
