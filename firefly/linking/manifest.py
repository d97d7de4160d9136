"""What a GitHub App of ours is to be: the manifest that GitHub makes it from, and what GitHub gives for it."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..errors import Unavailable
from ..git.providers.transport import Transport
from .apps import AppKeys
from .dialects import api_url
from .offers import CALLBACK

MADE, INSTALLED, HOOK = "/admin/github-app/made", "/account/connections", "/hooks/github"
# As long as GitHub takes the name of an App.
LONGEST_NAME = 34
# Keys and new repositories need `administration`, events about who belongs to an organisation `members`.
PERMISSIONS: Mapping[str, str] = {
    "administration": "write",
    "contents": "write",
    "deployments": "write",
    "members": "read",
    "metadata": "read",
    "pull_requests": "write",
    "repository_hooks": "write",
    "statuses": "write",
}
# Those about installations and revoked leave come to every App unasked.
EVENTS = (
    "create",
    "delete",
    "member",
    "membership",
    "organization",
    "public",
    "pull_request",
    "push",
    "repository",
    "team",
    "team_add",
)


def manifest(app_url: str, name: str, *, public: bool) -> dict[str, Any]:
    """With `public` others than its owner may install it on what is theirs."""
    return {
        "name": name[:LONGEST_NAME],
        "url": app_url,
        "description": "Builds and shows what is pushed, and tells so beside commits and pull requests.",
        "hook_attributes": {"url": app_url + HOOK, "active": True},
        "redirect_url": app_url + MADE,
        "callback_urls": [app_url + CALLBACK],
        "setup_url": app_url + INSTALLED,
        "setup_on_update": False,
        "public": public,
        "request_oauth_on_install": False,
        "default_permissions": dict(PERMISSIONS),
        "default_events": list(EVENTS),
    }


def page(url: str, organisation: str, state: str) -> str:
    """Where a browser posts the manifest to."""
    place = f"/organizations/{quote(organisation, safe='')}" if organisation else ""
    return f"{url}{place}/settings/apps/new?state={quote(state, safe='')}"


async def convert(transport: Transport, url: str, code: str) -> AppKeys:
    """The App that GitHub made, for the code that it sent back. Raises NotFound for one that is spent, Unavailable."""
    address = f"{api_url('github', url)}/app-manifests/{quote(code, safe='')}/conversions"
    answer = await transport.send("POST", address, headers={"Accept": "application/vnd.github+json"})
    try:
        told = json.loads(answer.body)
        return AppKeys(
            url=url, app_id=str(int(told["id"])), name=str(told["name"]), html_url=_page(told["html_url"], url),
            owner=str((told.get("owner") or {}).get("login", "")), key=str(told["pem"]),
            client_id=str(told["client_id"]), client_secret=str(told["client_secret"]),
            hook_secret=str(told["webhook_secret"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unavailable("GitHub answers with something else than the App that it made.") from error


def _page(told: object, url: str) -> str:
    """Of the App, at GitHub itself and nowhere else."""
    if not isinstance(told, str) or not told.startswith(f"{url}/"):
        raise ValueError("It is at another address.")
    return told
