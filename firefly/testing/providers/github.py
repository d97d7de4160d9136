"""GitHub's API, as far as Firefly uses it."""

from typing import TYPE_CHECKING, Any, Literal

from aiohttp import web
from pydantic import Field

from . import github_app, hosting
from .model import (
    CommentShape,
    KeyShape,
    NewPullShape,
    NewRepositoryShape,
    Shape,
    ShortStatusShape,
    TwinPull,
    TwinRepository,
    paged,
    put,
)
from .twin import ProviderTwin

if TYPE_CHECKING:
    from .server import ProviderServer

PREFIX = "/api/v3"
NAME = "github"
REPOSITORY = "/repos/{owner}/{name}"


class HookConfigurationShape(Shape):
    url: str = Field(pattern="^https?://")
    content_type: Literal["json"]
    secret: str = Field(min_length=20)
    insecure_ssl: Literal["0"]


class HookShape(Shape):
    name: Literal["web"]
    active: bool
    events: list[Literal["push", "create", "delete", "pull_request", "repository", "public", "member", "installation"]]
    config: HookConfigurationShape


class DeploymentShape(Shape):
    ref: str
    environment: str
    description: str = Field(max_length=140)
    auto_merge: bool
    required_contexts: list[str]
    transient_environment: bool
    production_environment: bool


class DeploymentStatusShape(Shape):
    state: Literal["error", "failure", "inactive", "in_progress", "queued", "pending", "success"]
    environment: str
    environment_url: str = Field("", pattern="^(https?://.+)?$")
    log_url: str
    description: str = Field(max_length=140)
    auto_inactive: bool


def set_up(app: web.Application, server: "ProviderServer") -> None:
    common = Common(server, NAME)
    common.set_up(app, status=ShortStatusShape, hook=HookShape)
    github_app.set_up(app, server)
    routes = app.router
    routes.add_get(f"{REPOSITORY}/collaborators/{{user}}/permission", common.permission)
    routes.add_post(f"{REPOSITORY}/deployments", common.deploy)
    routes.add_post(f"{REPOSITORY}/deployments/{{id}}/statuses", common.deployment_status)


class Common(ProviderTwin):
    """What Gitea has taken over from GitHub as well."""

    def __init__(self, server: "ProviderServer", provider: str, *, size: str = "per_page") -> None:
        super().__init__(server, provider)
        self._size = size

    def set_up(self, app: web.Application, *, status: type[Shape], hook: type[Shape]) -> None:
        self._status, self._hook = status, hook
        routes = app.router
        routes.add_get("/user", self.user)
        routes.add_get("/user/orgs", self.organisations)
        routes.add_get("/user/repos", self.repositories)
        routes.add_get("/orgs/{owner}/repos", self.repositories)
        routes.add_post("/user/repos", self.create)
        routes.add_post("/orgs/{owner}/repos", self.create)
        routes.add_get(REPOSITORY, self.show)
        routes.add_get(f"{REPOSITORY}/branches", self.branches)
        routes.add_get(f"{REPOSITORY}/pulls", self.pulls)
        routes.add_post(f"{REPOSITORY}/pulls", self.open_pull)
        routes.add_get(f"{REPOSITORY}/pulls/{{number}}", self.pull)
        routes.add_post(f"{REPOSITORY}/statuses/{{commit}}", self.set_status)
        routes.add_post(f"{REPOSITORY}/issues/{{number}}/comments", self.comment)
        routes.add_patch(f"{REPOSITORY}/issues/comments/{{id}}", self.change_comment)
        for kind in ("keys", "hooks"):
            routes.add_get(f"{REPOSITORY}/{kind}", self.list_things)
            routes.add_post(f"{REPOSITORY}/{kind}", self.add_thing)
            routes.add_delete(f"{REPOSITORY}/{kind}/{{thing}}", self.remove_thing)

    def page(self, request: web.Request, items: list[Any]) -> web.Response:
        return web.json_response(paged(request, items, self._size))

    async def user(self, _request: web.Request) -> web.Response:
        return web.json_response({"login": self.server.account, "id": 1})

    async def organisations(self, request: web.Request) -> web.Response:
        return self.page(request, [{"login": name, "username": name} for name in self.server.organisations])

    async def repositories(self, request: web.Request) -> web.Response:
        found = self.server.of_owner(self.provider, request.match_info.get("owner"))
        return self.page(request, [self.repository_body(repository) for repository in found])

    async def create(self, request: web.Request) -> web.Response:
        asked = NewRepositoryShape.model_validate(await request.json())
        owner = request.match_info.get("owner", self.server.account)
        if (self.provider, f"{owner}/{asked.name}") in self.server.repositories:
            return web.json_response({"message": "name already exists on this account"}, status=422)
        made = TwinRepository(self.provider, f"{owner}/{asked.name}", is_private=asked.private)
        return web.json_response(self.repository_body(self.server.add(made)), status=201)

    def repository_body(self, repository: TwinRepository) -> dict[str, Any]:
        permission = repository.permissions.get(self.server.account, "read")
        site = self.server.base_url(self.provider)
        return {
            "id": repository.number,
            "name": repository.name,
            "full_name": repository.path,
            "private": repository.is_private,
            "description": None,
            "archived": False,
            "default_branch": repository.default_branch,
            "permissions": {
                "admin": permission == "admin",
                "push": permission in ("admin", "write"),
                "pull": True,
            },
            "html_url": f"{site}/{repository.path}",
            "clone_url": f"{self.server.url}/git/{self.provider}/{repository.path}.git",
            "ssh_url": f"git@127.0.0.1:{repository.path}.git",
        }

    async def branches(self, request: web.Request) -> web.Response:
        found = await hosting.branches(self.repository(request))
        return self.page(
            request, [{"name": name, "commit": {"sha": commit, "id": commit}} for name, commit in found.items()]
        )

    async def pulls(self, request: web.Request) -> web.Response:
        repository, state = self.repository(request), request.query.get("state", "open")
        found = [pull for pull in repository.pulls.values() if (pull.state == "open") == (state == "open")]
        return self.page(request, [self.pull_body(repository, pull) for pull in found])

    async def open_pull(self, request: web.Request) -> web.Response:
        repository, asked = self.repository(request), NewPullShape.model_validate(await request.json())
        return await self.opened(repository, title=asked.title, head=asked.head, base=asked.base)

    def pull_body(self, repository: TwinRepository, pull: TwinPull) -> dict[str, Any]:
        source = self.repository_body(self.source(repository, pull))
        return {
            "number": pull.number,
            "title": pull.title,
            "user": {"login": pull.author},
            "state": "open" if pull.state == "open" else "closed",
            "merged": pull.state == "merged",
            "html_url": f"{self.server.base_url(self.provider)}/{repository.path}/pull/{pull.number}",
            "head": {"ref": pull.head_ref, "sha": pull.head_commit, "repo": source},
            "base": {"ref": pull.base_ref, "sha": "0" * 40, "repo": self.repository_body(repository)},
        }

    async def set_status(self, request: web.Request) -> web.Response:
        asked = await self.status_of(request, self._status)
        return web.json_response({"id": 1, **asked}, status=201)

    async def comment(self, request: web.Request) -> web.Response:
        asked = CommentShape.model_validate(await request.json())
        made = self.repository(request).add_comment(int(request.match_info["number"]), asked.body)
        return web.json_response({"id": int(made), "body": asked.body}, status=201)

    async def change_comment(self, request: web.Request) -> web.Response:
        repository, comment_id = self.repository(request), request.match_info["id"]
        if comment_id not in repository.comments:
            raise web.HTTPNotFound
        asked = CommentShape.model_validate(await request.json())
        repository.change_comment(comment_id, asked.body)
        return web.json_response({"id": int(comment_id), "body": asked.body})

    async def permission(self, request: web.Request) -> web.Response:
        found = self.repository(request).permissions.get(request.match_info["user"], "none")
        return web.json_response({"permission": found, "role_name": found})

    async def deploy(self, request: web.Request) -> web.Response:
        asked = DeploymentShape.model_validate(await request.json()).model_dump()
        made = put(self.repository(request).deployments, {**asked, "states": []})
        return web.json_response({"id": int(made)}, status=201)

    async def deployment_status(self, request: web.Request) -> web.Response:
        asked = DeploymentStatusShape.model_validate(await request.json()).model_dump()
        self.repository(request).deployments[request.match_info["id"]]["states"].append(asked)
        return web.json_response({"id": 1}, status=201)

    async def add_thing(self, request: web.Request) -> web.Response:
        shape = self._hook if self.is_about_hooks(request) else KeyShape
        asked = shape.model_validate(await request.json()).model_dump()
        return web.json_response({"id": int(put(self.things(request), asked)), **asked}, status=201)
