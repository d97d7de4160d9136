"""Shapes that GitHub, Gitea and Forgejo have in common, in our words."""

from collections.abc import Mapping
from typing import Any

from .model import DeployKey, Hook, Permission, PullRequest, Repository

_RIGHTS = (
    ("admin", Permission.ADMIN),
    ("maintain", Permission.WRITE),
    ("push", Permission.WRITE),
    ("triage", Permission.READ),
    ("pull", Permission.READ),
)


def repository_of(item: Mapping[str, Any]) -> Repository:
    """`permissions` is missing where nobody is signed in."""
    rights = item.get("permissions") or {}
    permission = next(
        (name for right, name in _RIGHTS if rights.get(right)), Permission.READ if not rights else Permission.NONE
    )
    return Repository(
        id=str(item["id"]),
        path=item["full_name"],
        description=item.get("description") or "",
        default_branch=item.get("default_branch") or "",
        is_private=bool(item["private"]),
        is_archived=bool(item.get("archived")),
        permission=permission,
        web_url=item["html_url"],
        clone_url=item["clone_url"],
        ssh_url=item["ssh_url"],
    )


def permission_named(name: str | None) -> Permission:
    """GitHub's four; Gitea has `owner` besides."""
    return Permission.ADMIN if name == "owner" else Permission(name or "none")


def pull_request_of(item: Mapping[str, Any]) -> PullRequest:
    """Its source may be gone: then it is a fork's."""
    head, base = item["head"], item["base"]
    source, target = head.get("repo") or {}, base.get("repo") or {}
    merged = bool(item.get("merged") or item.get("merged_at"))
    return PullRequest(
        number=item["number"],
        title=item["title"],
        author=(item.get("user") or {}).get("login", ""),
        url=item["html_url"],
        state="merged" if merged else item["state"],
        base_ref=base["ref"],
        head_ref=head["ref"],
        head_commit=head["sha"],
        is_fork=not source or source.get("id") != target.get("id"),
        source_url=source.get("clone_url", ""),
    )


def key_of(item: Mapping[str, Any]) -> DeployKey:
    return DeployKey(str(item["id"]), item["title"], item["key"], bool(item["read_only"]))


def hook_of(item: Mapping[str, Any]) -> Hook:
    return Hook(str(item["id"]), item["config"].get("url", ""), bool(item["active"]))
