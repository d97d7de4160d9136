"""The way to a workspace's bridge: plain HTTP on its unix socket, streamed through both ways."""

import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import aiohttp
from aiohttp import hdrs, web
from pydantic import BaseModel
from yarl import URL

from firefly.client.bridge_transport import LARGEST_PROBLEM, read_json, read_whole
from firefly.client.errors import domain_errors
from firefly.errors import FireflyError, TimedOut, Unavailable
from firefly.log import REQUEST_ID_HEADER
from firefly.projects import Role
from firefly.projects.access import is_administrator
from firefly.protocol import MEMBER_HEADER
from firefly.protocol.errors import from_problem

from .context import REQUEST_ID
from .streams import STREAMS

if TYPE_CHECKING:
    from firefly.auth import Identity
    from firefly.projects import Action, Project
    from firefly.sandbox.backend import Instance
    from firefly.sandbox.keeper import Keeper

    from .routing import Call

# Sessions are kept per run of a sandbox; beyond this many the one used longest ago is closed.
KEPT_SESSIONS = 256
SILENCE = 120.0
Told = TypeVar("Told", bound=BaseModel)


class Bridges:
    """One pooled HTTP session per running sandbox."""

    def __init__(self, keeper: "Keeper") -> None:
        self._keeper = keeper
        self._sessions: OrderedDict[str, aiohttp.ClientSession] = OrderedDict()

    async def session(self, workspace_id: UUID) -> aiohttp.ClientSession:
        """A session with the bridge, whose sandbox is started where it sleeps. Raises SandboxFailed."""
        instance = await self._keeper.ensure(workspace_id)
        self._keeper.touch(workspace_id)
        kept = self._sessions.get(instance.id)
        if kept is None:
            kept = self._open(instance)
            self._sessions[instance.id] = kept
            await self._trim()
        self._sessions.move_to_end(instance.id)
        return kept

    def _open(self, instance: "Instance") -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            "http://bridge",
            connector=aiohttp.UnixConnector(path=str(self._keeper.bridge_path(instance.workspace_id)), limit=64),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=SILENCE),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def _trim(self) -> None:
        while len(self._sessions) > KEPT_SESSIONS:
            _, oldest = self._sessions.popitem(last=False)
            await oldest.close()

    async def close(self) -> None:
        while self._sessions:
            _, session = self._sessions.popitem()
            await session.close()


BRIDGES: web.AppKey[Bridges] = web.AppKey("bridges", Bridges)


async def close_bridges(app: web.Application) -> AsyncIterator[None]:
    yield
    await app[BRIDGES].close()


def member_field(identity: "Identity | None", project: "Project") -> str:
    """What the bridge is told about the caller: it decides by the role what may be called.

    A credential that may only read makes a viewer of every member: the tunnel is opened by reading, and writes.
    """
    role = project.role or (Role.OWNER if identity and is_administrator(identity) else Role.VIEWER)
    more = {"visits": True} if is_visitor(identity, project) else {}
    if identity is None or not identity.has("write"):
        role = Role.VIEWER
    who = {"id": str(identity.account.id), "name": identity.account.name} if identity else {"id": "", "name": ""}
    return json.dumps({**who, "role": role.value, **more})


def is_visitor(identity: "Identity | None", project: "Project") -> bool:
    """Whether only the project's being public shows it to the caller."""
    return project.role is None and not (identity and is_administrator(identity))


@asynccontextmanager
async def ask_bridge(
    request: web.Request,
    project: "Project",
    method: str,
    path: str | URL,
    *,
    identity: "Identity | None",
    fields: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    data: AsyncIterator[bytes] | bytes | None = None,
    silence: float = SILENCE,
) -> AsyncIterator[aiohttp.ClientResponse]:
    """Ask the project's bridge; the answer is read by the caller. `silence`: seconds without a byte that end it.

    It ends with what lets `identity` ask. Raises Unavailable and TimedOut where the bridge does not answer.
    """
    limit = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=silence)
    sent = {**(fields or {}), MEMBER_HEADER: member_field(identity, project), REQUEST_ID_HEADER: request[REQUEST_ID]}
    with request.config_dict[STREAMS].asking(identity, project.id):
        session = await request.config_dict[BRIDGES].session(workspace_of(project))
        try:
            async with session.request(method, path, headers=sent, params=params, data=data, timeout=limit) as response:
                yield response
        except TimeoutError:
            raise TimedOut("The sandbox did not answer in time. Try again, or restart it.") from None
        except aiohttp.ClientError as error:
            raise Unavailable("The sandbox's connection broke. Try again in a moment.", retry_after=1) from error


async def entered(call: "Call", identity: "Identity | None", action: "Action") -> "Project":
    """The project, with the workspace that the call is about, when the caller may do `action` there."""
    project = await call.services.projects.get(identity, *call.project, action)
    return project if call.workspace is None else await call.services.own.enter(identity, project, call.workspace)


async def overseen(call: "Call", identity: "Identity", action: "Action") -> "Project":
    """As `entered`, for what the project's owners may do with members' own workspaces too."""
    project = await call.services.projects.get(identity, *call.project, action)
    return project if call.workspace is None else await call.services.own.oversee(identity, project, call.workspace)


def workspace_of(project: "Project") -> UUID:
    if project.workspace_id is None:
        raise Unavailable("The project is still being made. Try again in a moment.")
    return project.workspace_id


async def refuse_as_told(response: aiohttp.ClientResponse) -> None:
    """Raise the domain error that the bridge's problem document stands for, if it is one."""
    if response.status < 400:
        return
    try:
        body = json.loads(await read_whole(response, LARGEST_PROBLEM))
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, dict):
        raise from_problem(body)
    raise FireflyError(f"The sandbox answered with status {response.status}.")


async def answer_of(kind: type[Told], response: aiohttp.ClientResponse) -> Told:
    """What the bridge told, or the domain error that it told in its place; Unavailable for what is neither."""
    await refuse_as_told(response)
    async with domain_errors():
        return kind.model_validate_json(await read_json(response))


async def pass_through(
    request: web.Request, response: aiohttp.ClientResponse, fields: Mapping[str, str]
) -> web.StreamResponse:
    """Send the bridge's answer on as it comes, with `fields` and its length."""
    answer = web.StreamResponse(status=response.status, headers=fields)
    if length := response.headers.get(hdrs.CONTENT_LENGTH):
        answer.headers[hdrs.CONTENT_LENGTH] = length
    await answer.prepare(request)
    if request.method != hdrs.METH_HEAD:
        async for part in response.content.iter_any():
            await answer.write(part)
    await answer.write_eof()
    return answer
