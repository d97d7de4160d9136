"""Bitbucket Cloud's API, as far as Firefly uses it."""

from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from aiohttp import web
from pydantic import Field

from . import hosting
from .model import Shape, TwinPull, TwinRepository, put
from .twin import ProviderTwin

if TYPE_CHECKING:
    from .server import ProviderServer

PREFIX = "/2.0"
NAME = "bitbucket"
REPOSITORY = "/repositories/{owner}/{name}"
STATES = {"open": "OPEN", "merged": "MERGED", "closed": "DECLINED"}
RANKS = {"member": ("read", "write", "admin"), "contributor": ("write", "admin"), "admin": ("admin",)}


class StatusShape(Shape):
    key: str = Field(max_length=40)
    state: Literal["INPROGRESS", "SUCCESSFUL", "FAILED", "STOPPED"]
    name: str
    url: str = Field(pattern="^https?://")
    description: str


class ContentShape(Shape):
    raw: str = Field(min_length=1)


class CommentShape(Shape):
    content: ContentShape


class KeyShape(Shape):
    label: str
    key: str = Field(pattern=r"^ssh-")


class HookShape(Shape):
    description: str
    url: str = Field(pattern="^https?://")
    active: bool
    events: list[str]
    secret: str = Field(min_length=20)


class NewRepositoryShape(Shape):
    scm: Literal["git"]
    is_private: bool
    description: str


class BranchShape(Shape):
    name: str


class EndShape(Shape):
    branch: BranchShape


class NewPullShape(Shape):
    title: str
    description: str
    source: EndShape
    destination: EndShape


def set_up(app: web.Application, server: "ProviderServer") -> None:
    twin, routes = BitbucketTwin(server, NAME), app.router
    routes.add_get("/user", twin.user)
    routes.add_get("/user/workspaces", twin.workspaces)
    routes.add_get("/repositories/{owner}", twin.repositories)
    routes.add_get(REPOSITORY, twin.show)
    routes.add_post(REPOSITORY, twin.create)
    routes.add_get(f"{REPOSITORY}/permissions-config/users/{{user}}", twin.permission)
    routes.add_get(f"{REPOSITORY}/refs/branches", twin.branches)
    routes.add_get(f"{REPOSITORY}/pullrequests", twin.pulls)
    routes.add_post(f"{REPOSITORY}/pullrequests", twin.open_pull)
    routes.add_get(f"{REPOSITORY}/pullrequests/{{number}}", twin.pull)
    routes.add_post(f"{REPOSITORY}/pullrequests/{{number}}/comments", twin.comment)
    routes.add_put(f"{REPOSITORY}/pullrequests/{{number}}/comments/{{id}}", twin.change_comment)
    routes.add_post(f"{REPOSITORY}/commit/{{commit}}/statuses/build", twin.set_status)
    for kind in ("deploy-keys", "hooks"):
        routes.add_get(f"{REPOSITORY}/{kind}", twin.list_things)
        routes.add_post(f"{REPOSITORY}/{kind}", twin.add_thing)
        routes.add_delete(f"{REPOSITORY}/{kind}/{{thing:[^/]+}}", twin.remove_thing)


class BitbucketTwin(ProviderTwin):
    def page(self, request: web.Request, items: list[Any]) -> web.Response:
        size, number = int(request.query.get("pagelen", 10)), int(request.query.get("page", 1))
        body: dict[str, Any] = {"values": items[(number - 1) * size : number * size], "page": number, "pagelen": size}
        if number * size < len(items):
            body["next"] = str(request.url.update_query(page=str(number + 1)))
        return web.json_response(body)

    async def user(self, _request: web.Request) -> web.Response:
        account = self.server.account
        names = {"username": account, "nickname": account, "account_id": f"557058:{account}"}
        return web.json_response({**names, "uuid": "{1}"})

    async def workspaces(self, request: web.Request) -> web.Response:
        found = [
            {"type": "workspace_access", "administrator": True, "workspace": {"slug": name}}
            for name in self.server.organisations
        ]
        return self.page(request, found)

    async def repositories(self, request: web.Request) -> web.Response:
        allowed, query = RANKS[request.query["role"]], request.query.get("q", "")
        found = [
            self.repository_body(one)
            for one in self.server.of_owner(NAME, request.match_info["owner"])
            if one.permissions.get(self.server.account) in allowed and query in ("", f'full_name="{one.path}"')
        ]
        return self.page(request, found)

    async def create(self, request: web.Request) -> web.Response:
        asked = NewRepositoryShape.model_validate(await request.json())
        path = f"{request.match_info['owner']}/{request.match_info['name']}"
        if (NAME, path) in self.server.repositories:
            return web.json_response({"error": {"message": "Repository already exists."}}, status=400)
        made = TwinRepository(NAME, path, is_private=asked.is_private)
        return web.json_response(self.repository_body(self.server.add(made)))

    def repository_body(self, repository: TwinRepository) -> dict[str, Any]:
        address = f"{self.server.url.removeprefix('http://')}/git/{NAME}/{repository.path}.git"
        return {
            "uuid": f"{{{repository.number}}}",
            "full_name": repository.path,
            "description": "",
            "is_private": repository.is_private,
            "mainbranch": {"type": "branch", "name": repository.default_branch},
            "links": {
                "html": {"href": f"{self.server.url}/git/{NAME}/{repository.path}"},
                "clone": [
                    {"name": "https", "href": f"http://{self.server.account}@{address}"},
                    {"name": "ssh", "href": f"git@127.0.0.1:{repository.path}.git"},
                ],
            },
        }

    async def permission(self, request: web.Request) -> web.Response:
        found = self.repository(request).permissions.get(request.match_info["user"])
        if found is None:
            raise web.HTTPNotFound
        return web.json_response({"type": "repository_user_permission", "permission": found})

    async def branches(self, request: web.Request) -> web.Response:
        found = await hosting.branches(self.repository(request))
        return self.page(request, [{"name": name, "target": {"hash": commit}} for name, commit in found.items()])

    async def pulls(self, request: web.Request) -> web.Response:
        repository, state = self.repository(request), request.query.get("state", "OPEN")
        found = [pull for pull in repository.pulls.values() if STATES[pull.state] == state]
        return self.page(request, [self.pull_body(repository, pull) for pull in found])

    async def open_pull(self, request: web.Request) -> web.Response:
        repository, asked = self.repository(request), NewPullShape.model_validate(await request.json())
        head, base = asked.source.branch.name, asked.destination.branch.name
        return await self.opened(repository, title=asked.title, head=head, base=base)

    def pull_body(self, repository: TwinRepository, pull: TwinPull) -> dict[str, Any]:
        return {
            "id": pull.number,
            "title": pull.title,
            "author": {"nickname": pull.author},
            "state": STATES[pull.state],
            "links": {"html": {"href": f"{self.server.base_url(NAME)}/{repository.path}/pull-requests/{pull.number}"}},
            "source": {
                "branch": {"name": pull.head_ref},
                "commit": {"hash": pull.head_commit[:12]},
                "repository": self.repository_body(self.source(repository, pull)),
            },
            "destination": {
                "branch": {"name": pull.base_ref},
                "commit": {"hash": "0" * 12},
                "repository": self.repository_body(repository),
            },
        }

    async def comment(self, request: web.Request) -> web.Response:
        asked = CommentShape.model_validate(await request.json())
        made = self.repository(request).add_comment(int(request.match_info["number"]), asked.content.raw)
        return web.json_response({"id": int(made)}, status=201)

    async def change_comment(self, request: web.Request) -> web.Response:
        repository, comment_id = self.repository(request), request.match_info["id"]
        if comment_id not in repository.comments:
            raise web.HTTPNotFound
        repository.change_comment(comment_id, CommentShape.model_validate(await request.json()).content.raw)
        return web.json_response({"id": int(comment_id)})

    async def set_status(self, request: web.Request) -> web.Response:
        return web.json_response(await self.status_of(request, StatusShape), status=201)

    async def list_things(self, request: web.Request) -> web.Response:
        name = "uuid" if self.is_about_hooks(request) else "id"
        return self.page(request, [{name: key, **thing} for key, thing in self.things(request).items()])

    async def add_thing(self, request: web.Request) -> web.Response:
        found = self.things(request)
        if self.is_about_hooks(request):
            asked = HookShape.model_validate(await request.json()).model_dump()
            return web.json_response({"uuid": put(found, asked, f"{{{uuid4()}}}")}, status=201)
        key = KeyShape.model_validate(await request.json()).model_dump()
        return web.json_response({"id": int(put(found, key))})
