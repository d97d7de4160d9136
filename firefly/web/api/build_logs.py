"""Logs of builds: page by page, searched, as they grow, or as one file."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from aiohttp import hdrs, web

from firefly.builds.model import Build
from firefly.errors import FireflyError

from .. import schemas
from ..routing import Answer, Call, Resource
from ..sse import open_stream
from ..streams import STREAMS
from ..turns import LOG_TURNS

resource = Resource("Builds")


@resource.get(
    "/builds/{id}/log",
    "Read a log by pages, search it, or download it; with `Accept: text/event-stream` follow it: events `lines` (with "
    "ids, for `Last-Event-ID`), `step` and `end`",
    query=schemas.LogQuery,
    answer=schemas.LogPage,
)
async def log(call: Call) -> Answer:
    build = await call.services.builds.get(call.require_scope("read"), call.id())
    query = call.query(schemas.LogQuery)
    if call.wants_events:
        after = await _begin(call, build, query)
        return await _stream(call, build, call.services.desk.logs.following.follow(build.id, after))
    with call.request.config_dict[LOG_TURNS].taken(call.identity.account.id):
        if query.download:
            return await _download(call, build, colours=query.download == "ansi")
        page = await call.services.desk.logs.reading.page(
            build.id, after=await _begin(call, build, query), limit=query.limit, step=query.step, search=query.search
        )
        return schemas.LogPage.model_validate(page)


@resource.get(
    "/builds/{id}/site-log",
    "Read what its site printed last, `at` in ms since 1970; with `Accept: text/event-stream` follow it",
    query=schemas.SiteLogQuery,
    answer=schemas.LogPage,
)
async def site_log(call: Call) -> Answer:
    build = await call.services.builds.get(call.require_scope("read"), call.id())
    query = call.query(schemas.SiteLogQuery)
    if not call.wants_events:
        with call.request.config_dict[LOG_TURNS].taken(call.identity.account.id):
            page = await call.services.site_log.page(build.id, after=query.after, limit=query.limit)
            return schemas.LogPage.model_validate(page)
    return await _stream(call, build, call.services.site_log.follow(build.id, _last(call) or query.after))


def _last(call: Call) -> int:
    """What a reader that comes back had last."""
    last = call.request.headers.get("Last-Event-ID", "")
    return int(last) if last.isascii() and last.isdigit() and len(last) < 16 else 0


async def _begin(call: Call, build: Build, query: schemas.LogQuery) -> int:
    """The line to begin after: what a reader had last, comes before what it asked for at first."""
    if call.wants_events and (last := _last(call)):
        return last
    if query.tail is None:
        return query.after
    return await call.services.desk.logs.reading.before_end(build.id, query.tail)


async def _stream(call: Call, build: Build, events: AsyncGenerator[bytes, None]) -> Answer:
    with call.request.config_dict[STREAMS].entered(call.identity, build.project_id, endless=True):
        # Whoever was shut out since the question was asked was not in the list of those whose streams are ended.
        await _again(call, build)
        stream = await open_stream(call.request)
        # Whoever reads on comes back, and is told what is the matter.
        with suppress(FireflyError):
            await _send(stream, events)
    return stream


async def _again(call: Call, build: Build) -> None:
    await call.services.builds.get(call.identity, build.id)


async def _download(call: Call, build: Build, *, colours: bool) -> Answer:
    named = f'attachment; filename="{build.project}-{build.number}.log"'
    fields = {hdrs.CONTENT_TYPE: "text/plain; charset=utf-8", hdrs.CONTENT_DISPOSITION: named}
    stream = web.StreamResponse(headers=fields)
    with call.request.config_dict[STREAMS].entered(call.identity, build.project_id):
        await _again(call, build)
        await stream.prepare(call.request)
        await _send(stream, call.services.desk.logs.reading.text(build.id, colours=colours))
    return stream


async def _send(stream: web.StreamResponse, parts: AsyncGenerator[bytes, None]) -> None:
    async with aclosing(parts):
        async for part in parts:
            await stream.write(part)
    await stream.write_eof()
