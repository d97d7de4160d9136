"""Routes as rows of PostgreSQL."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from firefly.errors import InvalidInput

from .route import Access, AppTarget, Health, PagesTarget, Route, SandboxTarget, Spread, Target


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
        taken_over_at=row["taken_over_at"],
    )


def target_of(target: Target | Spread) -> tuple[str, dict[str, object]]:
    """Kind and data of a target, as a row holds them. Raises InvalidInput for one that no host may have."""
    match target:
        case AppTarget():
            return "app", {}
        case SandboxTarget():
            return "sandbox", _member_data(target)
        case PagesTarget(site_id):
            return "pages", {"site_id": str(site_id)}
        case Spread(members, health):
            look = {"path": health.path, "timeout": health.timeout} if health else None
            return "spread", {"members": [_member_data(member) for member in members], "health": look}
        case _:
            raise InvalidInput("A bridge is not the target of a host.", field="target")


def _target(kind: str, data: Mapping[str, Any]) -> Target | Spread:
    if kind == "spread":
        health = Health(**data["health"]) if data["health"] else None
        return Spread(tuple(_member(member) for member in data["members"]), health)
    if kind == "pages":
        return PagesTarget(UUID(data["site_id"]))
    return AppTarget() if kind == "app" else _member(data)


def _member(data: Mapping[str, Any]) -> SandboxTarget:
    return SandboxTarget(UUID(data["workspace_id"]), data["port"])


def _member_data(target: SandboxTarget) -> dict[str, object]:
    return {"workspace_id": str(target.workspace_id), "port": target.port}
