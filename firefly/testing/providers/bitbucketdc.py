"""Bitbucket Data Center's API, as far as Firefly uses it."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from . import hosting
from .bitbucketdc_shapes import (
    ChangedCommentShape,
    CommentShape,
    HookShape,
    KeyShape,
    NewPullShape,
    NewRepositoryShape,
    StatusShape,
)
from .model import TwinPull, TwinRepository, put
from .twin import ProviderTwin

if TYPE_CHECKING:
    from .server import ProviderServer

PREFIX = "/rest"
NAME = "bitbucketdc"
API = "/api/1.0"
REPOSITORY = "/projects/{owner}/repos/{name}"
STATES = {"open": "OPEN", "merged": "MERGED", "closed": "DECLINED"}
RIGHTS = {"REPO_READ": ("read", "write", "admin"), "REPO_WRITE": ("write", "admin"), "REPO_ADMIN": ("admin",)}


def set_up(app: web.Application, server: "ProviderServer") -> None:
    twin, routes, repository = DataCenterTwin(server, NAME), app.router, f"{API}{REPOSITORY}"
    routes.add_get(f"{API}/application-properties", twin.properties)
    routes.add_get(f"{API}/projects", twin.projects)
    routes.add_get(f"{API}/repos", twin.repositories)
    routes.add_post(f"{API}/projects/{{owner}}/repos", twin.create)
    routes.add_get(f"{API}/projects/{{owner}}/permissions/users", twin.nobody)
    routes.add_get(repository, twin.show)
    routes.add_get(f"{repository}/default-branch", twin.default_branch)
    routes.add_get(f"{repository}/permissions/users", twin.permissions)
    routes.add_get(f"{repository}/branches", twin.branches)
    routes.add_get(f"{repository}/pull-requests", twin.pulls)
    routes.add_post(f"{repository}/pull-requests", twin.open_pull)
    routes.add_get(f"{repository}/pull-requests/{{number}}", twin.pull)
    routes.add_post(f"{repository}/pull-requests/{{number}}/comments", twin.comment)
    routes.add_get(f"{repository}/pull-requests/{{number}}/comments/{{id}}", twin.show_comment)
    routes.add_put(f"{repository}/pull-requests/{{number}}/comments/{{id}}", twin.change_comment)
    routes.add_post(f"{repository}/commits/{{commit}}/builds", twin.set_status)
    for things in (f"/keys/1.0{REPOSITORY}/ssh", f"{repository}/webhooks"):
        routes.add_get(things, twin.list_things)
        routes.add_post(things, twin.add_thing)
        routes.add_delete(f"{things}/{{thing}}", twin.remove_thing)


class DataCenterTwin(ProviderTwin):
    def repository(self, request: web.Request) -> TwinRepository:
        """What an account may not see is refused as if its token were no good."""
        found = super().repository(request)
        if found.is_private and self.server.account not in found.permissions:
            told = '{"errors": [{"message": "You are not permitted to access this resource"}]}'
            raise web.HTTPUnauthorized(text=told, content_type="application/json")
        return found

    def page(self, request: web.Request, items: list[Any]) -> web.Response:
        start, limit = int(request.query.get("start", 0)), int(request.query.get("limit", 25))
        is_last = start + limit >= len(items)
        body: dict[str, Any] = {
            "values": items[start : start + limit], "size": len(items[start : start + limit]), "start": start,
            "limit": limit, "isLastPage": is_last, "nextPageStart": None if is_last else start + limit,
        }  # fmt: skip
        return web.json_response(body)

    def is_about_hooks(self, request: web.Request) -> bool:
        return "/webhooks" in request.path

    async def properties(self, _request: web.Request) -> web.Response:
        """Whoever asked is named beside each answer."""
        named = {"X-AUSERNAME": self.server.account, "X-AUSERID": "1"}
        return web.json_response({"version": "8.19.0", "displayName": "Bitbucket"}, headers=named)

    async def projects(self, request: web.Request) -> web.Response:
        return self.page(request, [{"key": name, "id": 1, "name": name} for name in self.server.organisations])

    async def repositories(self, request: web.Request) -> web.Response:
        allowed, name = RIGHTS[request.query["permission"]], request.query.get("name", "")
        found = [
            self.repository_body(one)
            for one in self.server.of_owner(NAME, request.query.get("projectkey"))
            if one.permissions.get(self.server.account) in allowed and name in one.name
        ]
        return self.page(request, found)

    async def create(self, request: web.Request) -> web.Response:
        asked = NewRepositoryShape.model_validate(await request.json())
        path = f"{request.match_info['owner']}/{asked.name}"
        if (NAME, path) in self.server.repositories:
            told = {"message": "This repository URL is already taken."}
            return web.json_response({"errors": [told]}, status=409)
        made = TwinRepository(NAME, path, is_private=not asked.public)
        return web.json_response(self.repository_body(self.server.add(made)), status=201)

    def repository_body(self, repository: TwinRepository) -> dict[str, Any]:
        page = f"{self.server.base_url(NAME)}/projects/{repository.owner}/repos/{repository.name}/browse"
        return {
            "slug": repository.name,
            "id": repository.number,
            "name": repository.name,
            "scmId": "git",
            "state": "AVAILABLE",
            "project": {"key": repository.owner, "id": 1, "public": False},
            "public": not repository.is_private,
            "archived": False,
            "links": {
                "clone": [
                    {"href": f"{self.server.url}/git/{NAME}/{repository.path}.git", "name": "http"},
                    {"href": f"ssh://git@127.0.0.1:7999/{repository.path}.git", "name": "ssh"},
                ],
                "self": [{"href": page}],
            },
        }

    async def default_branch(self, request: web.Request) -> web.Response:
        name = self.repository(request).default_branch
        return web.json_response({"id": f"refs/heads/{name}", "displayId": name, "type": "BRANCH"})

    async def permissions(self, request: web.Request) -> web.Response:
        wanted = request.query.get("filter", "")
        found = [
            {"user": {"name": name, "slug": name}, "permission": f"REPO_{right.upper()}"}
            for name, right in self.repository(request).permissions.items()
            if wanted in name
        ]
        return self.page(request, found)

    async def nobody(self, request: web.Request) -> web.Response:
        """Of a project: it has nobody of its own."""
        return self.page(request, [])

    async def branches(self, request: web.Request) -> web.Response:
        found = await hosting.branches(self.repository(request))
        items = [
            {"id": f"refs/heads/{name}", "displayId": name, "type": "BRANCH", "latestCommit": commit}
            for name, commit in found.items()
        ]
        return self.page(request, items)

    async def pulls(self, request: web.Request) -> web.Response:
        repository, state = self.repository(request), request.query.get("state", "OPEN")
        found = [pull for pull in repository.pulls.values() if STATES[pull.state] == state]
        return self.page(request, [self.pull_body(repository, pull) for pull in found])

    async def open_pull(self, request: web.Request) -> web.Response:
        repository, asked = self.repository(request), NewPullShape.model_validate(await request.json())
        head, base = (end.id.removeprefix("refs/heads/") for end in (asked.fromRef, asked.toRef))
        return await self.opened(repository, title=asked.title, head=head, base=base)

    def pull_body(self, repository: TwinRepository, pull: TwinPull) -> dict[str, Any]:
        page = f"{self.server.base_url(NAME)}/projects/{repository.owner}/repos/{repository.name}/pull-requests"
        return {
            "id": pull.number,
            "version": 0,
            "title": pull.title,
            "state": STATES[pull.state],
            "open": pull.state == "open",
            "closed": pull.state != "open",
            "fromRef": self._end(pull.head_ref, pull.head_commit, self.source(repository, pull)),
            "toRef": self._end(pull.base_ref, "0" * 40, repository),
            "author": {"user": {"name": pull.author, "slug": pull.author}, "role": "AUTHOR"},
            "links": {"self": [{"href": f"{page}/{pull.number}"}]},
        }

    def _end(self, name: str, commit: str, repository: TwinRepository) -> dict[str, Any]:
        body = self.repository_body(repository)
        return {"id": f"refs/heads/{name}", "displayId": name, "latestCommit": commit, "repository": body}

    async def comment(self, request: web.Request) -> web.Response:
        asked = CommentShape.model_validate(await request.json())
        made = self.repository(request).add_comment(int(request.match_info["number"]), asked.text)
        return web.json_response({"id": int(made), "version": 0, "text": asked.text}, status=201)

    async def show_comment(self, request: web.Request) -> web.Response:
        found = self._comment(request)
        return web.json_response(
            {"id": int(request.match_info["id"]), "version": found["changed"], "text": found["text"]}
        )

    def _comment(self, request: web.Request) -> dict[str, Any]:
        found = self.repository(request).comments.get(request.match_info["id"])
        if found is None:
            raise web.HTTPNotFound
        return found

    async def change_comment(self, request: web.Request) -> web.Response:
        """Whoever changes it says which version he has seen."""
        found, asked = self._comment(request), ChangedCommentShape.model_validate(await request.json())
        if asked.version != found["changed"]:
            return web.json_response({"errors": [{"message": "You are attempting to modify an old one."}]}, status=409)
        self.repository(request).change_comment(request.match_info["id"], asked.text)
        return web.json_response({"id": int(request.match_info["id"]), "version": asked.version + 1})

    async def set_status(self, request: web.Request) -> web.Response:
        await self.status_of(request, StatusShape)
        return web.Response(status=204)

    async def list_things(self, request: web.Request) -> web.Response:
        if self.is_about_hooks(request):
            return self.page(request, [{"id": int(key), **hook} for key, hook in self.things(request).items()])
        keys = self.things(request).items()
        return self.page(request, [_key_body(key, thing) for key, thing in keys])

    async def add_thing(self, request: web.Request) -> web.Response:
        found = self.things(request)
        if self.is_about_hooks(request):
            asked = HookShape.model_validate(await request.json()).model_dump()
            return web.json_response({"id": int(put(found, asked)), **asked}, status=201)
        key = KeyShape.model_validate(await request.json())
        thing = {"key": key.key.text, "label": key.key.label, "permission": key.permission}
        return web.json_response(_key_body(put(found, thing), thing), status=201)


def _key_body(key: str, thing: dict[str, Any]) -> dict[str, Any]:
    inner = {"id": int(key), "text": thing["key"], "label": thing["label"]}
    return {"key": inner, "permission": thing["permission"]}
