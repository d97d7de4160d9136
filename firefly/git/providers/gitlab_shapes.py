"""GitLab's shapes and levels, in our words."""

from collections.abc import Mapping
from typing import Any

from .model import DeployKey, Permission, PullRequest, Repository

_MAINTAINER, DEVELOPER, _GUEST = 40, 30, 10


def permission_at(level: int) -> Permission:
    """GitLab's levels: 10 guest, 20 reporter, 30 developer, 40 maintainer, 50 owner. Guests may not read the code of a
    private project, so that they count for nothing."""
    if level >= _MAINTAINER:
        return Permission.ADMIN
    if level >= DEVELOPER:
        return Permission.WRITE
    return Permission.READ if level > _GUEST else Permission.NONE


def repository_of(item: Mapping[str, Any]) -> Repository:
    rights = item.get("permissions") or {}
    levels = [(rights.get(kind) or {}).get("access_level", 0) for kind in ("project_access", "group_access")]
    is_private = item.get("visibility", "private") != "public"
    permission = permission_at(max(levels))
    return Repository(
        id=str(item["id"]),
        path=item["path_with_namespace"],
        description=item.get("description") or "",
        default_branch=item.get("default_branch") or "",
        is_private=is_private,
        is_archived=bool(item.get("archived")),
        # What anybody may read has no members' level for a stranger.
        permission=permission if permission.rank or is_private else Permission.READ,
        web_url=item["web_url"],
        clone_url=item["http_url_to_repo"],
        ssh_url=item["ssh_url_to_repo"],
    )


def pull_request_of(item: Mapping[str, Any]) -> PullRequest:
    return PullRequest(
        number=item["iid"],
        title=item["title"],
        author=(item.get("author") or {}).get("username", ""),
        url=item["web_url"],
        state=PullRequest.state_named(item["state"]),
        base_ref=item["target_branch"],
        head_ref=item["source_branch"],
        head_commit=item["sha"],
        is_fork=item["source_project_id"] != item["target_project_id"],
    )


def key_of(item: Mapping[str, Any]) -> DeployKey:
    return DeployKey(str(item["id"]), item["title"], item["key"], not item.get("can_push"))
