"""Gitea and Forgejo, Codeberg for one: each installation has an address of its own."""

from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import quote

from ...errors import NotFound
from .model import Branch, DeployKey, Hook, Page, Permission, PullRequest, Repository, Status
from .provider import everything
from .rest import RestProvider, quoted
from .shapes import hook_of, key_of, permission_named, pull_request_of, repository_of

# As many as it gives at most, unless its operator says otherwise.
SIZE = ("limit", 50)
EVENTS = ("push", "create", "delete", "pull_request", "pull_request_sync", "repository")


class Gitea(RestProvider):
    name: ClassVar[str] = "gitea"
    title: ClassVar[str] = "Gitea or Forgejo"
    home: ClassVar[str] = ""

    @property
    def api(self) -> str:
        return f"{self.base_url}/api/v1"

    def authorization(self) -> str:
        return f"token {self.credential.token}"

    async def user(self) -> str:
        return str((await self.call("GET", "/user"))["login"])

    async def organisations(self) -> Sequence[str]:
        return await everything(
            lambda cursor: self.numbered("/user/orgs", cursor, lambda item: str(item["username"]), size=SIZE)
        )

    async def repositories(self, organisation: str | None = None, cursor: str | None = None) -> Page[Repository]:
        where = "/user/repos" if organisation is None else f"/orgs/{quoted(organisation)}/repos"
        return await self.numbered(where, cursor, repository_of, size=SIZE)

    async def repository(self, path: str) -> Repository:
        return repository_of(await self.call("GET", f"/repos/{path}"))

    async def create_repository(
        self, name: str, *, organisation: str | None = None, is_private: bool = True, description: str = ""
    ) -> Repository:
        where = f"/orgs/{quoted(organisation)}/repos" if organisation else "/user/repos"
        data = {"name": name, "private": is_private, "description": description, "auto_init": False}
        return repository_of(await self.call("POST", where, data))

    async def permission(self, path: str, user: str) -> Permission:
        try:
            found = await self.call("GET", f"/repos/{path}/collaborators/{quoted(user)}/permission")
        except NotFound:
            return Permission.NONE
        return permission_named(found["permission"])

    async def branches(self, path: str, cursor: str | None = None) -> Page[Branch]:
        return await self.numbered(
            f"/repos/{path}/branches", cursor, lambda item: Branch(item["name"], item["commit"]["id"]), size=SIZE
        )

    async def pull_requests(self, path: str, cursor: str | None = None) -> Page[PullRequest]:
        return await self.numbered(f"/repos/{path}/pulls", cursor, pull_request_of, size=SIZE, state="open")

    async def pull_request(self, path: str, number: int) -> PullRequest:
        return pull_request_of(await self.call("GET", f"/repos/{path}/pulls/{number}"))

    async def open_pull_request(self, path: str, *, title: str, body: str, head: str, base: str) -> PullRequest:
        data = {"title": title, "body": body, "head": head, "base": base}
        return pull_request_of(await self.call("POST", f"/repos/{path}/pulls", data))

    async def set_status(self, path: str, status: Status) -> None:
        data = {
            "state": status.state.value,
            "target_url": status.url,
            "description": status.description[:255],
            "context": status.context,
        }
        await self.call("POST", f"/repos/{path}/statuses/{status.commit}", data)

    async def put_comment(self, path: str, number: int, text: str, comment_id: str | None = None) -> str:
        if comment_id is None:
            made = await self.call("POST", f"/repos/{path}/issues/{number}/comments", {"body": text})
        else:
            made = await self.call("PATCH", f"/repos/{path}/issues/comments/{comment_id}", {"body": text})
        return str(made["id"])

    async def keys(self, path: str) -> Sequence[DeployKey]:
        return await everything(lambda cursor: self.numbered(f"/repos/{path}/keys", cursor, key_of, size=SIZE))

    async def add_key(self, path: str, *, title: str, key: str, read_only: bool) -> str:
        data = {"title": title, "key": key, "read_only": read_only}
        return str((await self.call("POST", f"/repos/{path}/keys", data))["id"])

    async def remove_key(self, path: str, key_id: str) -> None:
        await self.remove(f"/repos/{path}/keys/{key_id}")

    async def hooks(self, path: str) -> Sequence[Hook]:
        return await everything(lambda cursor: self.numbered(f"/repos/{path}/hooks", cursor, hook_of, size=SIZE))

    async def add_hook(self, path: str, *, url: str, secret: str) -> str:
        configuration = {"url": url, "content_type": "json", "secret": secret}
        data = {"type": "gitea", "active": True, "events": list(EVENTS), "config": configuration}
        return str((await self.call("POST", f"/repos/{path}/hooks", data))["id"])

    async def remove_hook(self, path: str, hook_id: str) -> None:
        await self.remove(f"/repos/{path}/hooks/{hook_id}")

    def compare_url(self, path: str, base: str, head: str) -> str:
        return f"{self.base_url}/{path}/compare/{quote(base)}...{quote(head)}"

    def pull_ref(self, number: int) -> str | None:
        return f"refs/pull/{number}/head"

    def git_login(self) -> tuple[str, str]:
        return "oauth2", self.credential.token
