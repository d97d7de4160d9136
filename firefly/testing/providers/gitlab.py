"""GitLab's API, as far as Firefly uses it."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from . import hosting
from .gitlab_shapes import (
    DeploymentShape,
    DeploymentStatusShape,
    EnvironmentShape,
    HookShape,
    KeyShape,
    NewEnvironmentShape,
    NewMergeRequestShape,
    NewProjectShape,
    StatusShape,
)
from .model import CommentShape, Shape, TwinPull, TwinRepository, paged, put
from .twin import ProviderTwin

if TYPE_CHECKING:
    from .server import ProviderServer

PREFIX = "/api/v4"
NAME = "gitlab"
PROJECT = "/projects/{id}"
LEVELS = {"read": 20, "write": 30, "admin": 40}
STATES = {"open": "opened", "merged": "merged", "closed": "closed"}


def set_up(app: web.Application, server: "ProviderServer") -> None:
    twin, routes = GitLabTwin(server, NAME), app.router
    routes.add_get("/user", twin.user)
    routes.add_get("/users", twin.users)
    routes.add_get("/groups", twin.groups)
    routes.add_get("/namespaces/{group}", twin.namespace)
    routes.add_get("/projects", twin.projects)
    routes.add_get("/groups/{group}/projects", twin.projects)
    routes.add_post("/projects", twin.create)
    routes.add_get(PROJECT, twin.show)
    routes.add_get(f"{PROJECT}/members/all/{{user}}", twin.member)
    routes.add_get(f"{PROJECT}/repository/branches", twin.branches)
    routes.add_get(f"{PROJECT}/merge_requests", twin.pulls)
    routes.add_post(f"{PROJECT}/merge_requests", twin.open_pull)
    routes.add_get(f"{PROJECT}/merge_requests/{{number}}", twin.pull)
    routes.add_post(f"{PROJECT}/merge_requests/{{number}}/notes", twin.comment)
    routes.add_put(f"{PROJECT}/merge_requests/{{number}}/notes/{{note}}", twin.change_comment)
    routes.add_post(f"{PROJECT}/statuses/{{commit}}", twin.set_status)
    routes.add_get(f"{PROJECT}/environments", twin.environments)
    routes.add_post(f"{PROJECT}/environments", twin.add_environment)
    routes.add_put(f"{PROJECT}/environments/{{environment}}", twin.change_environment)
    routes.add_post(f"{PROJECT}/deployments", twin.deploy)
    routes.add_put(f"{PROJECT}/deployments/{{deployment}}", twin.deployment_status)
    for kind in ("deploy_keys", "hooks"):
        routes.add_get(f"{PROJECT}/{kind}", twin.list_things)
        routes.add_post(f"{PROJECT}/{kind}", twin.add_thing)
        routes.add_delete(f"{PROJECT}/{kind}/{{thing}}", twin.remove_thing)


class GitLabTwin(ProviderTwin):
    """Users have numbers there: their places among those that are known of a repository, from 1."""

    def repository(self, request: web.Request) -> TwinRepository:
        return self.server.find(NAME, request.match_info["id"])

    def page(self, request: web.Request, items: list[Any]) -> web.Response:
        return web.json_response(paged(request, items, usual=20))

    def names(self) -> list[str]:
        return sorted({name for one in self.server.of_owner(NAME, None) for name in one.permissions})

    async def user(self, _request: web.Request) -> web.Response:
        return web.json_response({"id": 1, "username": self.server.account})

    async def users(self, request: web.Request) -> web.Response:
        found = [name for name in self.names() if name == request.query["username"]]
        return web.json_response([{"id": self.names().index(name) + 1, "username": name} for name in found])

    async def member(self, request: web.Request) -> web.Response:
        number, names = int(request.match_info["user"]), self.names()
        permission = self.repository(request).permissions.get(names[number - 1]) if number <= len(names) else None
        if permission is None:
            raise web.HTTPNotFound
        return web.json_response({"id": number, "access_level": LEVELS[permission]})

    async def groups(self, request: web.Request) -> web.Response:
        return self.page(request, [{"id": 7, "full_path": name} for name in self.server.organisations])

    async def namespace(self, request: web.Request) -> web.Response:
        return web.json_response({"id": 7, "full_path": request.match_info["group"]})

    async def projects(self, request: web.Request) -> web.Response:
        found = self.server.of_owner(NAME, request.match_info.get("group"))
        return self.page(request, [self.repository_body(repository) for repository in found])

    async def create(self, request: web.Request) -> web.Response:
        asked = NewProjectShape.model_validate(await request.json())
        owner = self.server.organisations[0] if asked.namespace_id else self.server.account
        if (NAME, f"{owner}/{asked.path}") in self.server.repositories:
            return web.json_response({"message": {"path": ["has already been taken"]}}, status=400)
        made = TwinRepository(NAME, f"{owner}/{asked.path}", is_private=asked.visibility != "public")
        return web.json_response(self.repository_body(self.server.add(made)), status=201)

    def repository_body(self, repository: TwinRepository) -> dict[str, Any]:
        level = LEVELS.get(repository.permissions.get(self.server.account, ""), 0)
        return {
            "id": repository.number,
            "path_with_namespace": repository.path,
            "description": None,
            "default_branch": repository.default_branch,
            "visibility": "private" if repository.is_private else "public",
            "archived": False,
            "permissions": {"project_access": {"access_level": level} if level else None, "group_access": None},
            "web_url": f"{self.server.base_url(NAME)}/{repository.path}",
            "http_url_to_repo": f"{self.server.url}/git/{NAME}/{repository.path}.git",
            "ssh_url_to_repo": f"git@127.0.0.1:{repository.path}.git",
        }

    async def branches(self, request: web.Request) -> web.Response:
        found = await hosting.branches(self.repository(request))
        return self.page(request, [{"name": name, "commit": {"id": commit}} for name, commit in found.items()])

    async def pulls(self, request: web.Request) -> web.Response:
        repository = self.repository(request)
        found = [pull for pull in repository.pulls.values() if pull.state == "open"]
        return self.page(request, [self.pull_body(repository, pull) for pull in found])

    async def open_pull(self, request: web.Request) -> web.Response:
        repository, asked = self.repository(request), NewMergeRequestShape.model_validate(await request.json())
        head, base = asked.source_branch, asked.target_branch
        return await self.opened(repository, title=asked.title, head=head, base=base)

    def pull_body(self, repository: TwinRepository, pull: TwinPull) -> dict[str, Any]:
        return {
            "iid": pull.number,
            "title": pull.title,
            "author": {"username": pull.author},
            "state": STATES[pull.state],
            "web_url": f"{self.server.base_url(NAME)}/{repository.path}/-/merge_requests/{pull.number}",
            "source_branch": pull.head_ref,
            "target_branch": pull.base_ref,
            "sha": pull.head_commit,
            "source_project_id": self.source(repository, pull).number,
            "target_project_id": repository.number,
        }

    async def comment(self, request: web.Request) -> web.Response:
        asked = CommentShape.model_validate(await request.json())
        made = self.repository(request).add_comment(int(request.match_info["number"]), asked.body)
        return web.json_response({"id": int(made)}, status=201)

    async def change_comment(self, request: web.Request) -> web.Response:
        repository, note = self.repository(request), request.match_info["note"]
        if note not in repository.comments:
            raise web.HTTPNotFound
        repository.change_comment(note, CommentShape.model_validate(await request.json()).body)
        return web.json_response({"id": int(note)})

    async def set_status(self, request: web.Request) -> web.Response:
        asked = await self.status_of(request, StatusShape)
        return web.json_response({"id": 1, **asked}, status=201)

    async def environments(self, request: web.Request) -> web.Response:
        found = self.repository(request).environments.items()
        named = [{"id": int(key), **one} for key, one in found if one["name"] == request.query.get("name", one["name"])]
        return self.page(request, named)

    async def add_environment(self, request: web.Request) -> web.Response:
        asked = NewEnvironmentShape.model_validate(await request.json()).model_dump()
        return web.json_response({"id": int(put(self.repository(request).environments, asked))}, status=201)

    async def change_environment(self, request: web.Request) -> web.Response:
        asked = EnvironmentShape.model_validate(await request.json()).model_dump()
        self.repository(request).environments[request.match_info["environment"]] |= asked
        return web.json_response({"id": int(request.match_info["environment"])})

    async def deploy(self, request: web.Request) -> web.Response:
        asked = DeploymentShape.model_validate(await request.json()).model_dump()
        made = put(self.repository(request).deployments, {**asked, "states": [asked["status"]]})
        return web.json_response({"id": int(made)}, status=201)

    async def deployment_status(self, request: web.Request) -> web.Response:
        asked = DeploymentStatusShape.model_validate(await request.json())
        self.repository(request).deployments[request.match_info["deployment"]]["states"].append(asked.status)
        return web.json_response({"id": int(request.match_info["deployment"])})

    async def add_thing(self, request: web.Request) -> web.Response:
        shape: type[Shape] = HookShape if self.is_about_hooks(request) else KeyShape
        asked = shape.model_validate(await request.json()).model_dump()
        return web.json_response({"id": int(put(self.things(request), asked))}, status=201)
