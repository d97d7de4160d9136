"""GitHub, on github.com or a server of one's own (Enterprise), by gidgethub."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from gidgethub import abc as gidgethub

from ...errors import NotFound
from .model import (
    Branch,
    DeployKey,
    Deployment,
    Hook,
    Page,
    Permission,
    PullRequest,
    Repository,
    Status,
)
from .provider import GitProvider, everything
from .shapes import hook_of, key_of, permission_named, pull_request_of, repository_of
from .transport import Transport

# What a hook tells of. Collaborators are `member`, what becomes of the repository itself is `repository` and `public`.
EVENTS = ("push", "create", "delete", "pull_request", "repository", "public", "member")
PAGE = 100
# As long as GitHub takes a description of a status.
_LONGEST_DESCRIPTION = 140
_HOME, _API = "https://github.com", "https://api.github.com"


class _Api(gidgethub.GitHubAPI):
    """gidgethub's requests, made by our transport. It has heeded rate limits and errors before they come back here."""

    def __init__(self, transport: Transport, base_url: str, token: str) -> None:
        super().__init__("Firefly", oauth_token=token or None, base_url=base_url)
        self._transport = transport

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        answer = await self._transport.send(method, url, headers=headers, body=body or None)
        return answer.status, answer.headers, answer.body

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("Whoever is to wait is told so with RateLimited.")


class GitHub(GitProvider):
    name: ClassVar[str] = "github"
    title: ClassVar[str] = "GitHub"
    home: ClassVar[str] = _HOME
    deploys: ClassVar[bool] = True

    @property
    def api(self) -> _Api:
        base = _API if self.base_url == _HOME else f"{self.base_url}/api/v3"
        return _Api(self.transport, base, self.credential.token)

    async def user(self) -> str:
        return str((await self.api.getitem("/user"))["login"])

    async def organisations(self) -> Sequence[str]:
        return [str(item["login"]) async for item in self.api.getiter("/user/orgs{?per_page}", {"per_page": str(PAGE)})]

    async def repositories(self, organisation: str | None = None, cursor: str | None = None) -> Page[Repository]:
        if organisation is None:
            return await self._page("/user/repos", cursor, repository_of, affiliation="owner,collaborator")
        return await self._page(f"/orgs/{organisation}/repos", cursor, repository_of)

    async def repository(self, path: str) -> Repository:
        return repository_of(await self.api.getitem(f"/repos/{path}"))

    async def create_repository(
        self, name: str, *, organisation: str | None = None, is_private: bool = True, description: str = ""
    ) -> Repository:
        where = f"/orgs/{organisation}/repos" if organisation else "/user/repos"
        made = {"name": name, "private": is_private, "description": description, "auto_init": False}
        return repository_of(await self.api.post(where, data=made))

    async def permission(self, path: str, user: str) -> Permission:
        try:
            found = await self.api.getitem(f"/repos/{path}/collaborators/{{user}}/permission", {"user": user})
        except NotFound:
            return Permission.NONE
        return permission_named(found.get("permission"))

    async def branches(self, path: str, cursor: str | None = None) -> Page[Branch]:
        return await self._page(
            f"/repos/{path}/branches", cursor, lambda item: Branch(item["name"], item["commit"]["sha"])
        )

    async def pull_requests(self, path: str, cursor: str | None = None) -> Page[PullRequest]:
        return await self._page(f"/repos/{path}/pulls", cursor, pull_request_of, state="open")

    async def pull_request(self, path: str, number: int) -> PullRequest:
        return pull_request_of(await self.api.getitem(f"/repos/{path}/pulls/{number}"))

    async def open_pull_request(self, path: str, *, title: str, body: str, head: str, base: str) -> PullRequest:
        data = {"title": title, "body": body, "head": head, "base": base}
        return pull_request_of(await self.api.post(f"/repos/{path}/pulls", data=data))

    async def set_status(self, path: str, status: Status) -> None:
        data = {
            "state": status.state.value,
            "target_url": status.url,
            "description": status.description[:_LONGEST_DESCRIPTION],
            "context": status.context,
        }
        await self.api.post(f"/repos/{path}/statuses/{status.commit}", data=data)

    async def put_comment(self, path: str, number: int, text: str, comment_id: str | None = None) -> str:
        if comment_id is None:
            made = await self.api.post(f"/repos/{path}/issues/{number}/comments", data={"body": text})
        else:
            made = await self.api.patch(f"/repos/{path}/issues/comments/{comment_id}", data={"body": text})
        return str(made["id"])

    async def put_deployment(self, path: str, deployment: Deployment) -> str | None:
        known = deployment.id or await self._deployment(path, deployment)
        state = {
            "state": "in_progress" if deployment.state == "pending" else deployment.state.value,
            "environment": deployment.environment,
            **({"environment_url": deployment.url} if deployment.url else {}),
            "log_url": deployment.log_url,
            "description": deployment.description[:_LONGEST_DESCRIPTION],
            "auto_inactive": True,
        }
        await self.api.post(f"/repos/{path}/deployments/{known}/statuses", data=state)
        return known

    async def _deployment(self, path: str, deployment: Deployment) -> str:
        data = {
            "ref": deployment.commit,
            "environment": deployment.environment,
            "description": deployment.description[:_LONGEST_DESCRIPTION],
            "auto_merge": False,
            # We deploy what was pushed, whatever else is still checked there.
            "required_contexts": [],
            "transient_environment": True,
            "production_environment": False,
        }
        return str((await self.api.post(f"/repos/{path}/deployments", data=data))["id"])

    async def keys(self, path: str) -> Sequence[DeployKey]:
        return await everything(lambda cursor: self._page(f"/repos/{path}/keys", cursor, key_of))

    async def add_key(self, path: str, *, title: str, key: str, read_only: bool) -> str:
        data = {"title": title, "key": key, "read_only": read_only}
        return str((await self.api.post(f"/repos/{path}/keys", data=data))["id"])

    async def remove_key(self, path: str, key_id: str) -> None:
        await self._remove(f"/repos/{path}/keys/{key_id}")

    async def hooks(self, path: str) -> Sequence[Hook]:
        return await everything(lambda cursor: self._page(f"/repos/{path}/hooks", cursor, hook_of))

    async def add_hook(self, path: str, *, url: str, secret: str) -> str:
        configuration = {"url": url, "content_type": "json", "secret": secret, "insecure_ssl": "0"}
        data = {"name": "web", "active": True, "events": list(EVENTS), "config": configuration}
        return str((await self.api.post(f"/repos/{path}/hooks", data=data))["id"])

    async def remove_hook(self, path: str, hook_id: str) -> None:
        await self._remove(f"/repos/{path}/hooks/{hook_id}")

    async def _remove(self, url: str) -> None:
        try:
            await self.api.delete(url)
        except NotFound:
            return

    async def _page(self, url: str, cursor: str | None, item: Any, **query: str) -> Page[Any]:
        number = int(cursor or 1)
        asked = {**query, "per_page": str(PAGE), "page": str(number)}
        names = ",".join(asked)
        found = await self.api.getitem(f"{url}{{?{names}}}", asked)
        return Page([item(one) for one in found], str(number + 1) if len(found) == PAGE else None)

    def compare_url(self, path: str, base: str, head: str) -> str:
        return f"{self.base_url}/{path}/compare/{quote(base)}...{quote(head)}?expand=1"

    def pull_ref(self, number: int) -> str | None:
        return f"refs/pull/{number}/head"

    def git_login(self) -> tuple[str, str]:
        return "x-access-token", self.credential.token
