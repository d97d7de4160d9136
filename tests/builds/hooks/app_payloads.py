"""What a GitHub App's hook sends beside what repositories' do, with the members and nesting that GitHub publishes."""

from collections.abc import Sequence
from typing import Any

from .payloads import SENDER, github_push, github_repository

ACCOUNT = {"login": "acme", "id": 21031067, "type": "Organization", "site_admin": False}
TEAM = {"name": "github", "id": 2723476, "slug": "github", "privacy": "closed", "permission": "pull"}


def _installation() -> dict[str, Any]:
    return {
        "id": 957387,
        "account": ACCOUNT,
        "repository_selection": "selected",
        "app_id": 29310,
        "target_id": 21031067,
        "target_type": "Organization",
        "permissions": {"contents": "write", "metadata": "read"},
        "events": ["push"],
        "suspended_at": None,
    }


def _items(numbers: Sequence[int]) -> list[dict[str, Any]]:
    return [
        {"id": one, "node_id": "MDEw", "name": "site", "full_name": "acme/site", "private": True} for one in numbers
    ]


def of_repository(payload: dict[str, Any], number: int) -> dict[str, Any]:
    """An event of a repository, as the App sends it: it says besides of which installation it is."""
    lite = {"id": 957387, "node_id": "MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9uOTU3Mzg3"}
    return payload | {"repository": payload["repository"] | {"id": number}, "installation": lite}


def app_push(number: int, ref: str, before: str, after: str) -> dict[str, Any]:
    return of_repository(github_push(ref, before, after), number)


def app_repository(action: str, number: int, path: str = "acme/site") -> dict[str, Any]:
    return of_repository(github_repository(action, path), number)


def installation(action: str, numbers: Sequence[int] = ()) -> dict[str, Any]:
    return {"action": action, "installation": _installation(), "repositories": _items(numbers), "sender": SENDER}


def installation_repositories(action: str, added: Sequence[int] = (), removed: Sequence[int] = ()) -> dict[str, Any]:
    return {
        "action": action,
        "installation": _installation(),
        "repository_selection": "selected",
        "repositories_added": _items(added),
        "repositories_removed": _items(removed),
        "requester": None,
        "sender": SENDER,
    }


def membership() -> dict[str, Any]:
    return {
        "action": "removed", "scope": "team", "member": SENDER, "sender": SENDER, "team": TEAM, "organization": ACCOUNT,
    }  # fmt: skip


def team(number: int | None = None) -> dict[str, Any]:
    of = {} if number is None else {"repository": github_repository("")["repository"] | {"id": number}}
    action = "deleted" if number is None else "removed_from_repository"
    return {"action": action, "team": TEAM, "organization": ACCOUNT, "sender": SENDER, **of}


def organization(action: str = "member_removed") -> dict[str, Any]:
    membership = {"url": "https://api.github.com/orgs/acme/memberships/x", "state": "active", "role": "member"}
    return {"action": action, "membership": membership, "organization": ACCOUNT, "sender": SENDER}


def renamed() -> dict[str, Any]:
    return {
        "action": "renamed",
        "account": ACCOUNT,
        "changes": {"login": {"from": "Former"}},
        "installation": {"id": 957387, "node_id": "MDIz"},
        "target_type": "Organization",
        "sender": SENDER,
    }


def revoked(user: int) -> dict[str, Any]:
    return {"action": "revoked", "sender": SENDER | {"id": user}}
