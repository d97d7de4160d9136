"""Shapes of Bitbucket Data Center, in our words."""

from collections.abc import Mapping
from typing import Any

from .model import Permission, PullRequest, Repository

_NAMES = {"READ": Permission.READ, "WRITE": Permission.WRITE, "ADMIN": Permission.ADMIN}


def repository_of(item: Mapping[str, Any], permission: Permission, *, branch: str = "") -> Repository:
    """Its `branch` is told elsewhere. What is in a public project is public itself."""
    clones = {link["name"]: link["href"] for link in item["links"].get("clone", ())}
    return Repository(
        id=str(item["id"]),
        path=path_of(item),
        description=item.get("description") or "",
        default_branch=branch,
        is_private=not (item.get("public") or item["project"].get("public")),
        is_archived=bool(item.get("archived")),
        permission=permission,
        web_url=_first(item["links"]),
        clone_url=clones.get("http", ""),
        ssh_url=clones.get("ssh", ""),
    )


def path_of(item: Mapping[str, Any]) -> str:
    return f"{item['project']['key']}/{item['slug']}"


def _first(links: Mapping[str, Any]) -> str:
    return next((str(link["href"]) for link in links.get("self", ())), "")


def permission_named(name: str) -> Permission:
    """`REPO_WRITE`, `PROJECT_ADMIN`, ..."""
    return _NAMES.get(name.rpartition("_")[2], Permission.NONE)


def pull_request_of(item: Mapping[str, Any]) -> PullRequest:
    source, target = item["fromRef"], item["toRef"]
    origin = source["repository"]
    clones = {link["name"]: link["href"] for link in (origin.get("links") or {}).get("clone", ())}
    return PullRequest(
        number=item["id"],
        title=item["title"],
        author=(item.get("author") or {}).get("user", {}).get("name", ""),
        url=_first(item.get("links") or {}),
        state=PullRequest.state_named(item["state"]),
        base_ref=target["displayId"],
        head_ref=source["displayId"],
        head_commit=source["latestCommit"],
        is_fork=origin["id"] != target["repository"]["id"],
        source_url=clones.get("http", ""),
    )
