"""Files of a workspace: raw bytes, streamed between the caller and the bridge."""

from collections.abc import AsyncIterator
from mimetypes import guess_type
from urllib.parse import quote

from aiohttp import hdrs, web
from multidict import CIMultiDictProxy
from yarl import URL

from firefly.errors import TooLarge
from firefly.projects import Action
from firefly.protocol.errors import RefusedPath
from firefly.protocol.files import check_published

from ..routing import Answer, Call, Resource
from ..workspaces import ask_bridge, entered, is_visitor, pass_through, refuse_as_told

resource = Resource("Files")
ROUTE = r"/projects/{owner}/{name}/files/{path:.*}"
CONDITIONS = (hdrs.IF_MATCH, hdrs.IF_NONE_MATCH)
PASSED = (hdrs.ETAG, hdrs.LAST_MODIFIED, "X-Firefly-Truncated")
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})


@resource.get(ROUTE, "Read a file, or list a folder", media="application/octet-stream", public=True, in_workspace=True)
async def read(call: Call) -> Answer:
    project = await entered(call, call.visitor, Action.READ)
    if is_visitor(call.visitor, project):
        check_published(call.request.match_info["path"])
    async with ask_bridge(
        call.request, project, call.request.method, bridge_path(call), identity=call.visitor, fields=_conditions(call)
    ) as response:
        await refuse_as_told(response)
        return await pass_through(call.request, response, _fields(call, response.headers))


@resource.put(
    ROUTE, "Write a file; with `If-Match` only over that version", upload="application/octet-stream", in_workspace=True
)
async def write(call: Call) -> Answer:
    identity = call.require_scope("write")
    project = await entered(call, identity, Action.WRITE)
    limit = call.services.settings.max_upload
    if (call.request.content_length or 0) > limit:
        raise TooLarge(f"The file is larger than {limit} bytes.", limit=limit)
    fields = _conditions(call)
    if call.request.content_length is not None and hdrs.CONTENT_ENCODING not in call.request.headers:
        fields[hdrs.CONTENT_LENGTH] = str(call.request.content_length)
    body = limited(call.request, limit)
    async with ask_bridge(
        call.request, project, "PUT", bridge_path(call), identity=identity, fields=fields, data=body
    ) as response:
        await refuse_as_told(response)
        return await pass_through(call.request, response, _json_fields(response.headers))


@resource.delete(ROUTE, "Delete a file or a folder", in_workspace=True)
async def delete(call: Call) -> Answer:
    identity = call.require_scope("write")
    project = await entered(call, identity, Action.WRITE)
    async with ask_bridge(
        call.request, project, "DELETE", bridge_path(call), identity=identity, fields=_conditions(call)
    ) as response:
        await refuse_as_told(response)
        return await pass_through(call.request, response, _json_fields(response.headers))


def bridge_path(call: Call) -> URL:
    """Where the bridge has the file. What could leave its part of the bridge's addresses is refused already here."""
    path = call.request.match_info["path"]
    if path.startswith("/") or "\0" in path or any(part in {".", ".."} for part in path.split("/")):
        raise RefusedPath("Paths are relative to the workspace and hold no `.`, `..` or NUL.", field="path")
    depth = call.request.query.get("depth", "")
    query = f"?depth={depth}" if depth.isdecimal() else ""
    return URL(f"/files/{quote(path, safe='/')}{query}", encoded=True)


async def limited(request: web.Request, limit: int) -> AsyncIterator[bytes]:
    """The body in pieces. Raises TooLarge beyond `limit` bytes; the bridge then keeps the old contents."""
    size = 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > limit:
            raise TooLarge(f"The file is larger than {limit} bytes.", limit=limit)
        yield part


def _conditions(call: Call) -> dict[str, str]:
    return {name: call.request.headers[name] for name in CONDITIONS if name in call.request.headers}


def _json_fields(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    return {name: headers[name] for name in (*PASSED, hdrs.CONTENT_TYPE) if name in headers}


def _fields(call: Call, headers: CIMultiDictProxy[str]) -> dict[str, str]:
    """Nothing of a project may run on the app's own host, so the type says only how to show it."""
    fields = _json_fields(headers)
    told = fields.get(hdrs.CONTENT_TYPE, "")
    if not (told.startswith("application/json") and hdrs.ETAG not in fields):
        fields[hdrs.CONTENT_TYPE] = shown_as(call.request.path)
    fields[hdrs.CACHE_CONTROL] = "private, no-cache"
    return fields


def shown_as(path: str) -> str:
    kind = guess_type(path)[0] or ""
    if kind in PICTURES:
        return kind
    is_text = kind.startswith("text/") or kind in {"application/json", "application/javascript", "image/svg+xml"}
    return "text/plain; charset=utf-8" if is_text else "application/octet-stream"
