"""Bitbucket Cloud. Since 2026 it lists nothing across workspaces, and tells permissions only by what it lists."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from ...errors import NotFound
from .model import (
    Branch,
    CommitState,
    DeployKey,
    Hook,
    Page,
    Permission,
    PullRequest,
    Repository,
    Status,
)
from .provider import each
from .rest import RestProvider, quoted

SIZE = "50"
STATES = {
    CommitState.PENDING: "INPROGRESS",
    CommitState.SUCCESS: "SUCCESSFUL",
    CommitState.FAILURE: "FAILED",
    CommitState.ERROR: "STOPPED",
}
EVENTS = (
    "repo:push",
    "repo:updated",
    "repo:deleted",
    "pullrequest:created",
    "pullrequest:updated",
    "pullrequest:fulfilled",
    "pullrequest:rejected",
)
_HOME, _API = "https://bitbucket.org", "https://api.bitbucket.org/2.0"
_ROLES = ((Permission.ADMIN, "admin"), (Permission.WRITE, "contributor"))


class Bitbucket(RestProvider):
    name: ClassVar[str] = "bitbucket"
    title: ClassVar[str] = "Bitbucket"
    home: ClassVar[str] = _HOME

    @property
    def api(self) -> str:
        return _API if self.base_url == _HOME else f"{self.base_url}/2.0"

    async def user(self) -> str:
        found = await self.call("GET", "/user")
        return str(found.get("nickname") or found["account_id"])

    async def organisations(self) -> Sequence[str]:
        return [item.get("workspace", item)["slug"] async for item in self._all("/user/workspaces")]

    async def repositories(self, organisation: str | None = None, cursor: str | None = None) -> Page[Repository]:
        """Without a workspace one after the other; the cursor is `<workspace>/<page>`."""
        if organisation is not None:
            return await self._repositories(organisation, cursor or "1")
        workspaces = await self.organisations()
        if not workspaces:
            return Page([])
        workspace, _, number = (cursor or f"{workspaces[0]}/1").partition("/")
        page = await self._repositories(workspace, number)
        if page.next is not None:
            return Page(page.items, f"{workspace}/{page.next}")
        following = workspaces[workspaces.index(workspace) + 1 :] if workspace in workspaces else []
        return Page(page.items, f"{following[0]}/1" if following else None)

    async def _repositories(self, workspace: str, number: str) -> Page[Repository]:
        path = f"/repositories/{quoted(workspace)}"
        found = await self.call("GET", path, role="member", page=number, pagelen=SIZE)
        allowed: dict[str, Permission] = {}
        for permission, role in reversed(_ROLES):
            allowed |= {item["full_name"]: permission async for item in self._all(path, role=role)}
        items = [repository_of(item, allowed.get(item["full_name"], Permission.READ)) for item in found["values"]]
        return Page(items, str(int(number) + 1) if "next" in found else None)

    async def repository(self, path: str) -> Repository:
        found = await self.call("GET", f"/repositories/{path}")
        return repository_of(found, await self._own_permission(found["full_name"]))

    async def _own_permission(self, path: str) -> Permission:
        workspace = path.partition("/")[0]
        for permission, role in _ROLES:
            query = f'full_name="{path}"'
            found = await self.call("GET", f"/repositories/{quoted(workspace)}", role=role, q=query)
            if found["values"]:
                return permission
        return Permission.READ

    async def create_repository(
        self, name: str, *, organisation: str | None = None, is_private: bool = True, description: str = ""
    ) -> Repository:
        workspace = organisation or (await self.organisations())[0]
        data = {"scm": "git", "is_private": is_private, "description": description}
        made = await self.call("POST", f"/repositories/{quoted(workspace)}/{quoted(name)}", data)
        return repository_of(made, Permission.ADMIN)

    async def permission(self, path: str, user: str) -> Permission:
        """`user` is an account id or a UUID in braces."""
        try:
            found = await self.call("GET", f"/repositories/{path}/permissions-config/users/{quoted(user)}")
        except NotFound:
            return Permission.NONE
        return Permission(found["permission"])

    async def branches(self, path: str, cursor: str | None = None) -> Page[Branch]:
        found = await self._page(f"/repositories/{path}/refs/branches", cursor)
        return Page([Branch(item["name"], item["target"]["hash"]) for item in found.items], found.next)

    async def pull_requests(self, path: str, cursor: str | None = None) -> Page[PullRequest]:
        found = await self._page(f"/repositories/{path}/pullrequests", cursor, state="OPEN")
        return Page([pull_request_of(item) for item in found.items], found.next)

    async def pull_request(self, path: str, number: int) -> PullRequest:
        return pull_request_of(await self.call("GET", f"/repositories/{path}/pullrequests/{number}"))

    async def open_pull_request(self, path: str, *, title: str, body: str, head: str, base: str) -> PullRequest:
        data = {
            "title": title,
            "description": body,
            "source": {"branch": {"name": head}},
            "destination": {"branch": {"name": base}},
        }
        return pull_request_of(await self.call("POST", f"/repositories/{path}/pullrequests", data))

    async def set_status(self, path: str, status: Status) -> None:
        data = {
            "key": status.context[:40],
            "state": STATES[status.state],
            "name": status.context,
            "url": status.url,
            "description": status.description[:255],
        }
        await self.call("POST", f"/repositories/{path}/commit/{status.commit}/statuses/build", data)

    async def put_comment(self, path: str, number: int, text: str, comment_id: str | None = None) -> str:
        comments, data = f"/repositories/{path}/pullrequests/{number}/comments", {"content": {"raw": text}}
        if comment_id is None:
            made = await self.call("POST", comments, data)
        else:
            made = await self.call("PUT", f"{comments}/{comment_id}", data)
        return str(made["id"])

    async def keys(self, path: str) -> Sequence[DeployKey]:
        found = self._all(f"/repositories/{path}/deploy-keys")
        return [DeployKey(str(item["id"]), item["label"], item["key"], True) async for item in found]

    async def add_key(self, path: str, *, title: str, key: str, read_only: bool) -> str:
        """Deploy keys only ever read here, whatever is asked for: pushes go by https."""
        data = {"label": title, "key": key}
        return str((await self.call("POST", f"/repositories/{path}/deploy-keys", data))["id"])

    async def remove_key(self, path: str, key_id: str) -> None:
        await self.remove(f"/repositories/{path}/deploy-keys/{key_id}")

    async def hooks(self, path: str) -> Sequence[Hook]:
        found = self._all(f"/repositories/{path}/hooks")
        return [Hook(item["uuid"], item["url"], bool(item["active"])) async for item in found]

    async def add_hook(self, path: str, *, url: str, secret: str) -> str:
        data = {"description": "Firefly", "url": url, "active": True, "events": list(EVENTS), "secret": secret}
        return str((await self.call("POST", f"/repositories/{path}/hooks", data))["uuid"])

    async def remove_hook(self, path: str, hook_id: str) -> None:
        await self.remove(f"/repositories/{path}/hooks/{quoted(hook_id)}")

    async def _page(self, path: str, cursor: str | None, **query: str) -> Page[Any]:
        number = int(cursor or 1)
        found = await self.call("GET", path, None, page=str(number), pagelen=SIZE, **query)
        return Page(found["values"], str(number + 1) if "next" in found else None)

    def _all(self, path: str, **query: str) -> AsyncIterator[Any]:
        return each(lambda cursor: self._page(path, cursor, **query))

    def compare_url(self, path: str, base: str, head: str) -> str:
        return f"{self.base_url}/{path}/pull-requests/new?{urlencode({'source': head, 'dest': base})}"

    def pull_ref(self, number: int) -> str | None:
        return None

    def git_login(self) -> tuple[str, str]:
        return "x-token-auth", self.credential.token


def repository_of(item: Mapping[str, Any], permission: Permission) -> Repository:
    clones = {link["name"]: link["href"] for link in item["links"].get("clone", ())}
    return Repository(
        id=item["uuid"],
        path=item["full_name"],
        description=item.get("description") or "",
        default_branch=(item.get("mainbranch") or {}).get("name", ""),
        is_private=bool(item["is_private"]),
        is_archived=False,
        permission=permission,
        web_url=item["links"]["html"]["href"],
        clone_url=_nobodys(clones.get("https", "")),
        ssh_url=clones.get("ssh", ""),
    )


def _nobodys(url: str) -> str:
    """Bitbucket puts the asker's name into the address."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def pull_request_of(item: Mapping[str, Any]) -> PullRequest:
    source, target = item["source"], item["destination"]
    origin = source.get("repository") or {}
    is_fork = not origin or origin["full_name"] != target["repository"]["full_name"]
    return PullRequest(
        number=item["id"],
        title=item["title"],
        author=(item.get("author") or {}).get("nickname", ""),
        url=item["links"]["html"]["href"],
        state=PullRequest.state_named(item["state"]),
        base_ref=target["branch"]["name"],
        head_ref=source["branch"]["name"],
        # Twelve digits of it, in some answers; whoever fetches has the whole.
        head_commit=source["commit"]["hash"],
        is_fork=is_fork,
        source_url=f"{origin['links']['html']['href']}.git" if origin else "",
    )
