"""GitLab, on gitlab.com or a server of one's own: a pull request is a merge request there."""

from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from ...errors import NotFound
from .gitlab_shapes import DEVELOPER, key_of, permission_at, pull_request_of, repository_of
from .model import (
    Branch,
    CommitState,
    DeployKey,
    Deployment,
    DeploymentState,
    Hook,
    Page,
    Permission,
    PullRequest,
    Repository,
    Status,
)
from .provider import everything
from .rest import RestProvider, quoted

SIZE = ("per_page", 100)
STATES = {
    CommitState.PENDING: "running",
    CommitState.SUCCESS: "success",
    CommitState.FAILURE: "failed",
    CommitState.ERROR: "canceled",
}
DEPLOYMENTS = {
    DeploymentState.PENDING: "running",
    DeploymentState.SUCCESS: "success",
    DeploymentState.FAILURE: "failed",
    DeploymentState.INACTIVE: "canceled",
}


class GitLab(RestProvider):
    name: ClassVar[str] = "gitlab"
    title: ClassVar[str] = "GitLab"
    home: ClassVar[str] = "https://gitlab.com"
    deploys: ClassVar[bool] = True

    @property
    def api(self) -> str:
        return f"{self.base_url}/api/v4"

    async def user(self) -> str:
        return str((await self.call("GET", "/user"))["username"])

    async def organisations(self) -> Sequence[str]:
        return await everything(
            lambda cursor: self.numbered(
                "/groups", cursor, lambda item: str(item["full_path"]), size=SIZE, min_access_level=str(DEVELOPER)
            )
        )

    async def repositories(self, organisation: str | None = None, cursor: str | None = None) -> Page[Repository]:
        if organisation is None:
            return await self.numbered("/projects", cursor, repository_of, size=SIZE, membership="true")
        return await self.numbered(f"/groups/{quoted(organisation)}/projects", cursor, repository_of, size=SIZE)

    async def repository(self, path: str) -> Repository:
        return repository_of(await self.call("GET", _project(path)))

    async def create_repository(
        self, name: str, *, organisation: str | None = None, is_private: bool = True, description: str = ""
    ) -> Repository:
        data: dict[str, Any] = {
            "name": name,
            "path": name,
            "description": description,
            "visibility": "private" if is_private else "public",
            "initialize_with_readme": False,
        }
        if organisation:
            data["namespace_id"] = (await self.call("GET", f"/namespaces/{quoted(organisation)}"))["id"]
        return repository_of(await self.call("POST", "/projects", data))

    async def permission(self, path: str, user: str) -> Permission:
        found = await self.call("GET", "/users", username=user)
        if not found:
            return Permission.NONE
        try:
            member = await self.call("GET", f"{_project(path)}/members/all/{found[0]['id']}")
        except NotFound:
            return Permission.NONE
        return permission_at(member["access_level"])

    async def branches(self, path: str, cursor: str | None = None) -> Page[Branch]:
        return await self.numbered(
            f"{_project(path)}/repository/branches",
            cursor,
            lambda item: Branch(item["name"], item["commit"]["id"]),
            size=SIZE,
        )

    async def pull_requests(self, path: str, cursor: str | None = None) -> Page[PullRequest]:
        return await self.numbered(
            f"{_project(path)}/merge_requests", cursor, pull_request_of, size=SIZE, state="opened"
        )

    async def pull_request(self, path: str, number: int) -> PullRequest:
        return pull_request_of(await self.call("GET", f"{_project(path)}/merge_requests/{number}"))

    async def open_pull_request(self, path: str, *, title: str, body: str, head: str, base: str) -> PullRequest:
        data = {"source_branch": head, "target_branch": base, "title": title, "description": body}
        return pull_request_of(await self.call("POST", f"{_project(path)}/merge_requests", data))

    async def set_status(self, path: str, status: Status) -> None:
        data = {
            "state": STATES[status.state],
            "name": status.context,
            "target_url": status.url,
            "description": status.description[:255],
        }
        await self.call("POST", f"{_project(path)}/statuses/{status.commit}", data)

    async def put_comment(self, path: str, number: int, text: str, comment_id: str | None = None) -> str:
        notes = f"{_project(path)}/merge_requests/{number}/notes"
        if comment_id is None:
            made = await self.call("POST", notes, {"body": text})
        else:
            made = await self.call("PUT", f"{notes}/{comment_id}", {"body": text})
        return str(made["id"])

    async def put_deployment(self, path: str, deployment: Deployment) -> str | None:
        """Its environment is shown with the site's address, so that is put there first."""
        state = {"status": DEPLOYMENTS[deployment.state]}
        if deployment.url:
            await self._environment(path, deployment)
        if deployment.id is not None:
            await self.call("PUT", f"{_project(path)}/deployments/{deployment.id}", state)
            return deployment.id
        data = {
            "environment": deployment.environment,
            "sha": deployment.commit,
            "ref": deployment.ref.removeprefix("refs/heads/").removeprefix("refs/tags/"),
            "tag": deployment.ref.startswith("refs/tags/"),
            **state,
        }
        return str((await self.call("POST", f"{_project(path)}/deployments", data))["id"])

    async def _environment(self, path: str, deployment: Deployment) -> None:
        environments = f"{_project(path)}/environments"
        found = await self.call("GET", environments, name=deployment.environment)
        if not found:
            await self.call("POST", environments, {"name": deployment.environment, "external_url": deployment.url})
        elif found[0].get("external_url") != deployment.url:
            await self.call("PUT", f"{environments}/{found[0]['id']}", {"external_url": deployment.url})

    async def keys(self, path: str) -> Sequence[DeployKey]:
        return await everything(
            lambda cursor: self.numbered(f"{_project(path)}/deploy_keys", cursor, key_of, size=SIZE)
        )

    async def add_key(self, path: str, *, title: str, key: str, read_only: bool) -> str:
        data = {"title": title, "key": key, "can_push": not read_only}
        return str((await self.call("POST", f"{_project(path)}/deploy_keys", data))["id"])

    async def remove_key(self, path: str, key_id: str) -> None:
        await self.remove(f"{_project(path)}/deploy_keys/{key_id}")

    async def hooks(self, path: str) -> Sequence[Hook]:
        # One that fails is switched off for a while, or for good.
        return await everything(
            lambda cursor: self.numbered(
                f"{_project(path)}/hooks",
                cursor,
                lambda item: Hook(str(item["id"]), item["url"], item.get("alert_status", "executable") == "executable"),
                size=SIZE,
            )
        )

    async def add_hook(self, path: str, *, url: str, secret: str) -> str:
        data = {
            "url": url,
            "token": secret,
            "push_events": True,
            "tag_push_events": True,
            "merge_requests_events": True,
            "enable_ssl_verification": True,
        }
        return str((await self.call("POST", f"{_project(path)}/hooks", data))["id"])

    async def remove_hook(self, path: str, hook_id: str) -> None:
        await self.remove(f"{_project(path)}/hooks/{hook_id}")

    def compare_url(self, path: str, base: str, head: str) -> str:
        query = {"merge_request[source_branch]": head, "merge_request[target_branch]": base}
        return f"{self.base_url}/{path}/-/merge_requests/new?{urlencode(query)}"

    def pull_ref(self, number: int) -> str | None:
        return f"refs/merge-requests/{number}/head"

    def git_login(self) -> tuple[str, str]:
        return "oauth2", self.credential.token


def _project(path: str) -> str:
    return f"/projects/{quoted(path)}"
