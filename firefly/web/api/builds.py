"""Builds of projects: asked for, looked at, ended, tried again."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from aiohttp import hdrs, web

from firefly.auth import Identity
from firefly.builds.asking.builds import UNKNOWN
from firefly.builds.model import Build, Trigger
from firefly.errors import NotFound
from firefly.projects import Action

from .. import schemas
from ..building import build_answer, build_answers
from ..routing import Answer, Call, Resource
from ..security import RESOURCE_POLICY

resource = Resource("Builds")
PATH = "/projects/{owner}/{name}/builds"


@resource.get(PATH, "List the builds of a project, newest first", query=schemas.BuildsQuery, answer=schemas.Builds)
async def list_builds(call: Call) -> Answer:
    query = call.query(schemas.BuildsQuery)
    page = await call.services.builds.list(
        call.require_scope("read"), *call.project, cursor=query.cursor, ref=query.ref or None, state=query.state,
        search=query.search.strip() or None, limit=query.limit,
    )  # fmt: skip
    return schemas.Builds(builds=await build_answers(call.services, page.builds), cursor=page.cursor)


@resource.post(
    PATH,
    "Build a branch or a commit; one of the same commit that did not fail is answered with, unless `forced`",
    body=schemas.NewBuild,
    answer=schemas.Build,
    status=202,
)
async def start(call: Call) -> Answer:
    identity = call.require_scope("write")
    body = await call.body(schemas.NewBuild)
    trigger = Trigger.API if identity.via == "token" else Trigger.MANUAL
    build = await call.services.builds.ask(
        identity, *call.project, ref=body.ref, commit=body.commit, forced=body.forced, trigger=trigger
    )
    return await build_answer(call.services, build)


@resource.get(
    f"{PATH}/badge.svg",
    "A picture of a branch's state, for a web page",
    query=schemas.BadgeQuery,
    media="image/svg+xml",
    public=True,
)
async def badge(call: Call) -> Answer:
    query = call.query(schemas.BadgeQuery)
    picture = await call.services.desk.badges.picture(
        call.visitor, *call.project, branch=query.branch or None, key=query.key
    )
    headers = {hdrs.CACHE_CONTROL: "no-cache", RESOURCE_POLICY: "cross-origin" if picture.for_all else "same-origin"}
    return web.Response(text=picture.svg, content_type="image/svg+xml", headers=headers)


@resource.get(f"{PATH}/{{number:[0-9]+}}", "Look at a build by its number", answer=schemas.Build)
async def numbered(call: Call) -> Answer:
    identity, number = call.require_scope("read"), call.request.match_info["number"]
    if len(number) > 9:
        raise NotFound(UNKNOWN)
    return await build_answer(call.services, await call.services.builds.of_number(identity, *call.project, int(number)))


@resource.get("/builds/{id}", "Look at a build, its steps and its site", answer=schemas.Build)
async def show(call: Call) -> Answer:
    return await build_answer(call.services, await call.services.builds.get(call.require_scope("read"), call.id()))


async def _change(call: Call, change: Callable[[Identity, UUID], Awaitable[Build]]) -> Answer:
    return await build_answer(call.services, await change(call.require_scope("write"), call.id()))


@resource.post("/builds/{id}/cancel", "End a build that waits or runs", answer=schemas.Build)
async def cancel(call: Call) -> Answer:
    return await _change(call, call.services.builds.cancel)


@resource.post("/builds/{id}/kill", "End a build that waits or runs, as one that was killed", answer=schemas.Build)
async def kill(call: Call) -> Answer:
    return await _change(call, call.services.builds.kill)


@resource.post("/builds/{id}/retry", "Build the same commit again, as a new build", answer=schemas.Build)
async def retry(call: Call) -> Answer:
    return await _change(call, call.services.builds.retry)


@resource.post("/builds/{id}/approve", "Let what a fork asks for be built: this commit of it", answer=schemas.Build)
async def approve(call: Call) -> Answer:
    return await _change(call, call.services.builds.approve)


@resource.post("/builds/{id}/stop", "Stop its site, until somebody starts it", answer=schemas.Build)
async def stop_site(call: Call) -> Answer:
    return await _change(call, call.services.sites.stop)


@resource.post("/builds/{id}/start", "Show it again; its site says when it is shown, or why not", answer=schemas.Build)
async def start_site(call: Call) -> Answer:
    return await _change(call, call.services.sites.start)


@resource.get("/builds/{id}/explain", "See how it is built, and why", answer=schemas.BuildPlan)
async def explain(call: Call) -> Answer:
    build = await call.services.builds.get(call.require_scope("read"), call.id(), Action.FOLLOW)
    return schemas.BuildPlan.model_validate(build.plan or await call.services.desk.explaining.explain(build))


@resource.get(
    "/builds/{id}/changes", "See what changed since the build before that went well", answer=schemas.BuildChanges
)
async def changes(call: Call) -> Answer:
    build = await call.services.builds.get(call.require_scope("read"), call.id(), Action.FOLLOW)
    found = await call.services.desk.changes.since_good(build)
    since = await build_answer(call.services, found.since) if found.since else None
    commits = [schemas.BuildCommit.model_validate(one) for one in found.commits]
    return schemas.BuildChanges(since=since, commits=commits, more=found.more)
