"""Bitbucket Data Center, a server of one's own: another API than the Cloud's, with projects that hold repositories."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import unquote, urlencode

from ...errors import Forbidden, NotFound
from .bitbucketdc_shapes import permission_named, pull_request_of, repository_of
from .model import (
    Branch,
    CommitState,
    CredentialRefused,
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
from .transport import Answer

SIZE = "100"
STATES = {
    CommitState.PENDING: "INPROGRESS",
    CommitState.SUCCESS: "SUCCESSFUL",
    CommitState.FAILURE: "FAILED",
    CommitState.ERROR: "CANCELLED",
}
EVENTS = (
    "repo:refs_changed",
    "repo:modified",
    "pr:opened",
    "pr:from_ref_updated",
    "pr:modified",
    "pr:merged",
    "pr:declined",
    "pr:deleted",
)
_RIGHTS = ((Permission.ADMIN, "REPO_ADMIN"), (Permission.WRITE, "REPO_WRITE"))
_API, _KEYS = "/rest/api/1.0", "/rest/keys/1.0"
_WHO = f"{_API}/application-properties"


class BitbucketDC(RestProvider):
    name: ClassVar[str] = "bitbucketdc"
    title: ClassVar[str] = "Bitbucket Data Center"
    home: ClassVar[str] = ""

    @property
    def api(self) -> str:
        return self.base_url

    async def answer(self, method: str, path: str, data: Mapping[str, Any] | None = None, **query: str) -> Answer:
        """What the account may not do is refused in the same words as a token that is no good: then that is asked."""
        try:
            return await super().answer(method, path, data, **query)
        except CredentialRefused:
            if path != _WHO:
                await self.user()
                kind = NotFound if method == "GET" else Forbidden
                raise kind(f"{self.title} has no such thing, or does not let this account have it.") from None
            raise

    async def user(self) -> str:
        """Nothing is there to be asked; each answer names who asked."""
        answer = await self.answer("GET", _WHO)
        name = unquote(answer.headers.get("x-ausername", ""))
        if name in ("", "anonymous"):
            raise CredentialRefused(f"{self.title} does not know the token. Connect it again.")
        return name

    async def organisations(self) -> Sequence[str]:
        return [item["key"] async for item in self._all(f"{_API}/projects")]

    async def repositories(self, organisation: str | None = None, cursor: str | None = None) -> Page[Repository]:
        """Of a project; without one all that the account may read."""
        query = {"projectkey": organisation} if organisation is not None else {}
        found = await self._page(f"{_API}/repos", cursor, permission="REPO_READ", **query)
        allowed: dict[int, Permission] = {}
        for permission, name in reversed(_RIGHTS):
            allowed |= {one["id"]: permission async for one in self._all(f"{_API}/repos", permission=name, **query)}
        items = [repository_of(one, allowed.get(one["id"], Permission.READ)) for one in found.items]
        return Page(items, found.next)

    async def repository(self, path: str) -> Repository:
        found = await self.call("GET", _place(path))
        return repository_of(found, await self._own_permission(found), branch=await self._default_branch(path))

    async def _own_permission(self, found: Mapping[str, Any]) -> Permission:
        """Told by what is listed to us, as there is nothing else to ask."""
        query = {"projectkey": found["project"]["key"], "name": found["name"]}
        for permission, name in _RIGHTS:
            async for one in self._all(f"{_API}/repos", permission=name, **query):
                if one["id"] == found["id"]:
                    return permission
        return Permission.READ

    async def _default_branch(self, path: str) -> str:
        try:
            found = await self.call("GET", f"{_place(path)}/default-branch")
        except NotFound:
            # Nothing was pushed yet.
            return ""
        return str(found["displayId"]) if found else ""

    async def create_repository(
        self, name: str, *, organisation: str | None = None, is_private: bool = True, description: str = ""
    ) -> Repository:
        project = organisation or f"~{await self.user()}"
        data = {"name": name, "scmId": "git", "public": not is_private, "description": description}
        made = await self.call("POST", f"{_API}/projects/{quoted(project)}/repos", data)
        return repository_of(made, Permission.ADMIN)

    async def permission(self, path: str, user: str) -> Permission:
        """As it was granted to the person, of the repository or its project; what groups may is not told."""
        project = f"{_API}/projects/{quoted(path.partition('/')[0])}"
        granted = [
            permission_named(one["permission"])
            for place in (_place(path), project)
            async for one in self._all(f"{place}/permissions/users", filter=user)
            if one["user"]["name"] == user
        ]
        return max(granted, key=lambda permission: permission.rank, default=Permission.NONE)

    async def branches(self, path: str, cursor: str | None = None) -> Page[Branch]:
        found = await self._page(f"{_place(path)}/branches", cursor)
        return Page([Branch(one["displayId"], one["latestCommit"]) for one in found.items], found.next)

    async def pull_requests(self, path: str, cursor: str | None = None) -> Page[PullRequest]:
        found = await self._page(f"{_place(path)}/pull-requests", cursor, state="OPEN")
        return Page([pull_request_of(one) for one in found.items], found.next)

    async def pull_request(self, path: str, number: int) -> PullRequest:
        return pull_request_of(await self.call("GET", f"{_place(path)}/pull-requests/{number}"))

    async def open_pull_request(self, path: str, *, title: str, body: str, head: str, base: str) -> PullRequest:
        project, _, slug = path.partition("/")
        repository = {"slug": slug, "project": {"key": project}}
        data = {
            "title": title,
            "description": body,
            "fromRef": {"id": f"refs/heads/{head}", "repository": repository},
            "toRef": {"id": f"refs/heads/{base}", "repository": repository},
        }
        return pull_request_of(await self.call("POST", f"{_place(path)}/pull-requests", data))

    async def set_status(self, path: str, status: Status) -> None:
        data = {
            "key": status.context,
            "state": STATES[status.state],
            "name": status.context,
            "url": status.url,
            "description": status.description[:255],
        }
        await self.call("POST", f"{_place(path)}/commits/{status.commit}/builds", data)

    async def put_comment(self, path: str, number: int, text: str, comment_id: str | None = None) -> str:
        comments = f"{_place(path)}/pull-requests/{number}/comments"
        if comment_id is None:
            return str((await self.call("POST", comments, {"text": text}))["id"])
        present = await self.call("GET", f"{comments}/{comment_id}")
        data = {"text": text, "version": present["version"]}
        return str((await self.call("PUT", f"{comments}/{comment_id}", data))["id"])

    async def keys(self, path: str) -> Sequence[DeployKey]:
        found = self._all(f"{_place(path, _KEYS)}/ssh")
        return [
            DeployKey(
                str(one["key"]["id"]), one["key"].get("label") or "", one["key"]["text"],
                one["permission"] == "REPO_READ",
            )
            async for one in found
        ]  # fmt: skip

    async def add_key(self, path: str, *, title: str, key: str, read_only: bool) -> str:
        data = {"key": {"text": key, "label": title}, "permission": "REPO_READ" if read_only else "REPO_WRITE"}
        return str((await self.call("POST", f"{_place(path, _KEYS)}/ssh", data))["key"]["id"])

    async def remove_key(self, path: str, key_id: str) -> None:
        await self.remove(f"{_place(path, _KEYS)}/ssh/{quoted(key_id)}")

    async def hooks(self, path: str) -> Sequence[Hook]:
        found = self._all(f"{_place(path)}/webhooks")
        return [Hook(str(one["id"]), one["url"], bool(one["active"])) async for one in found]

    async def add_hook(self, path: str, *, url: str, secret: str) -> str:
        data = {
            "name": "Firefly",
            "url": url,
            "active": True,
            "events": list(EVENTS),
            "configuration": {"secret": secret},
            "sslVerificationRequired": True,
        }
        return str((await self.call("POST", f"{_place(path)}/webhooks", data))["id"])

    async def remove_hook(self, path: str, hook_id: str) -> None:
        await self.remove(f"{_place(path)}/webhooks/{quoted(hook_id)}")

    async def _page(self, path: str, cursor: str | None, **query: str) -> Page[Any]:
        found = await self.call("GET", path, None, start=str(int(cursor or 0)), limit=SIZE, **query)
        return Page(found["values"], None if found["isLastPage"] else str(int(found["nextPageStart"])))

    def _all(self, path: str, **query: str) -> AsyncIterator[Any]:
        return each(lambda cursor: self._page(path, cursor, **query))

    def compare_url(self, path: str, base: str, head: str) -> str:
        project, _, slug = path.partition("/")
        query = urlencode({"create": "", "sourceBranch": f"refs/heads/{head}", "targetBranch": f"refs/heads/{base}"})
        return f"{self.base_url}/projects/{project}/repos/{slug}/pull-requests?{query}"

    def pull_ref(self, number: int) -> str | None:
        return f"refs/pull-requests/{number}/from"

    def git_login(self) -> tuple[str, str]:
        return self.credential.user or "x-token-auth", self.credential.token


def _place(path: str, api: str = _API) -> str:
    """Of a repository, which is `project/name` to us."""
    project, _, slug = path.partition("/")
    return f"{api}/projects/{quoted(project)}/repos/{quoted(slug)}"
