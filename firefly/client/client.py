"""The typed client of the API, version 1."""

import json
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote
from uuid import UUID

import aiohttp
from pydantic import BaseModel

from .bridge import BridgeClient
from .builds import BuildCalls
from .clearing import ClearingCalls
from .errors import ClientError
from .hooks import HookCalls
from .linking import LinkingClient
from .models import (
    Checkpoint,
    CheckpointsStatus,
    Domain,
    Execution,
    FileChange,
    Job,
    Me,
    Page,
    Project,
    RestoredFiles,
    Sandbox,
    SandboxSettings,
    Secret,
    Template,
    Token,
    Workspace,
)
from .people import PeopleCalls
from .quotas import QuotaCalls
from .reading import read
from .sse import ServerEvent, server_events

API = "/api/v1"
TIMEOUT = 60.0
# An import or a first start may take long before the server begins to answer.
PATIENCE = 180.0

Model = TypeVar("Model", bound=BaseModel)


class FireflyClient:
    """Talks to one server as one account. Use it as an async context manager.

    Every method raises ClientError with the server's problem, or with the reason why there was no answer.
    """

    def __init__(self, server: str, token: str = "", *, session: aiohttp.ClientSession | None = None) -> None:
        """`session` replaces the client's own, for tests and for sharing connections; it is not closed here."""
        self.server = server.rstrip("/")
        self.token = token
        self.workspace = ""
        """The member whose own workspace calls about a project are about, in the place of the shared one."""
        self._given = session
        self._session = session

    async def __aenter__(self) -> Self:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None and self._given is None:
            await self._session.close()
            self._session = None

    @property
    def builds(self) -> BuildCalls:
        return BuildCalls(self)

    @property
    def quotas(self) -> QuotaCalls:
        return QuotaCalls(self)

    @property
    def clearing(self) -> ClearingCalls:
        return ClearingCalls(self)

    def hooks(self, owner: str, name: str) -> HookCalls:
        """Those that a project calls."""
        return HookCalls(self, owner, name)

    @property
    def people(self) -> PeopleCalls:
        return PeopleCalls(self)

    @property
    def linking(self) -> LinkingClient:
        """Its calls about providers."""
        return LinkingClient(self)

    async def me(self) -> Me:
        return await self._get(Me, "/me")

    async def templates(self) -> list[Template]:
        return (await self._get(Page[Template], "/templates")).items

    async def projects(self, *, deleted: bool = False) -> list[Project]:
        """All of them, page after page."""
        found: list[Project] = []
        params = {"limit": "200", "deleted": str(deleted).lower()}
        while True:
            page = await self._get(Page[Project], "/projects", params=params)
            found += page.items
            if page.next is None:
                return found
            params["cursor"] = page.next

    async def project(self, owner: str, name: str) -> Project:
        return await self._get(Project, _project(owner, name))

    async def create_project(self, name: str, **wanted: str | None) -> Project:
        """`wanted`: owner, description, visibility, and template, git_url or remix_of."""
        body = {"name": name, **{key: value for key, value in wanted.items() if value is not None}}
        return await self._send(Project, "POST", "/projects", body, timeout=PATIENCE)

    async def upload_project(self, name: str, archive: AsyncIterable[bytes], *, filename: str) -> Project:
        """Create a project from an archive: zip, tar or tar.gz."""
        fields = {"Content-Type": "application/octet-stream"}
        params = {"name": name, "filename": filename}
        async with self.request(
            "POST", "/projects", data=archive, params=params, headers=fields, timeout=PATIENCE
        ) as response:
            return Project.model_validate_json(await response.read())

    async def change_project(self, owner: str, name: str, change: Mapping[str, str]) -> Project:
        """`change` holds any of name, description, visibility."""
        return await self._send(Project, "PATCH", _project(owner, name), dict(change))

    async def delete_project(self, owner: str, name: str) -> Project:
        return await self._send(Project, "DELETE", _project(owner, name), None)

    async def restore_project(self, owner: str, name: str) -> Project:
        return await self._send(Project, "POST", f"{_project(owner, name)}/restore", None)

    async def domains(self, owner: str, name: str) -> list[Domain]:
        return (await self._get(Page[Domain], f"{_project(owner, name)}/domains")).items

    async def add_domain(self, owner: str, name: str, host: str, *, port: int | None = None) -> Domain:
        """A label for an alias, or a host; `port` of the application, None for its main one."""
        return await self._send(Domain, "POST", f"{_project(owner, name)}/domains", {"host": host, "port": port})

    async def check_domain(self, owner: str, name: str, domain_id: UUID) -> Domain:
        """Have the proof looked for now."""
        return await self._send(Domain, "POST", f"{_project(owner, name)}/domains/{domain_id}/check", None)

    async def remove_domain(self, owner: str, name: str, domain_id: UUID) -> None:
        async with self.request("DELETE", f"{_project(owner, name)}/domains/{domain_id}"):
            pass

    async def secrets(self, owner: str, name: str) -> list[Secret]:
        return (await self._get(Page[Secret], f"{_project(owner, name)}/secrets")).items

    async def set_secret(self, owner: str, name: str, secret: str, value: str) -> Secret:
        body = {"name": secret, "value": value}
        return await self._send(Secret, "POST", f"{_project(owner, name)}/secrets", body)

    async def remove_secret(self, owner: str, name: str, secret: str) -> None:
        async with self.request("DELETE", f"{_project(owner, name)}/secrets/{quote(secret, safe='')}"):
            pass

    async def workspaces(self, owner: str, name: str) -> list[Workspace]:
        """The shared one first, then members' own: the caller's, and for owners everybody's."""
        return (await self._get(Page[Workspace], f"{_project(owner, name)}/workspaces")).items

    async def open_workspace(self, owner: str, name: str) -> Workspace:
        """The caller's own; `job` fills one that is new."""
        return await self._send(Workspace, "POST", f"{_project(owner, name)}/workspaces", None, timeout=PATIENCE)

    async def discard_workspace(self, owner: str, name: str, member: str, *, anyway: bool = False) -> None:
        """Raises ClientError, which names it, while it holds what is nowhere else; not with `anyway`."""
        path, params = f"{_project(owner, name)}/workspaces/{quote(member, safe='')}", {"anyway": str(anyway).lower()}
        async with self.request("DELETE", path, params=params, timeout=PATIENCE):
            pass

    async def job(self, job_id: UUID) -> Job:
        return await self._get(Job, f"/jobs/{job_id}")

    async def checkpoints(self, owner: str, name: str, *, limit: int = 50) -> list[Checkpoint]:
        """The newest, 200 at most."""
        path = f"{_project(owner, name)}/checkpoints"
        return (await self._get(Page[Checkpoint], path, params={"limit": str(limit)})).items

    async def checkpoint_file(self, owner: str, name: str, id: str, path: str) -> bytes:
        """A file as it was at a checkpoint."""
        place = f"{_project(owner, name)}/checkpoints/{quote(id, safe='')}/files/{quote(path)}"
        async with self.request("GET", place, timeout=PATIENCE) as response:
            return await response.read()

    async def checkpoint_changes(self, owner: str, name: str, id: str, *, against: str = "before") -> list[FileChange]:
        """All files that differ from the checkpoint `before`, or from `now`."""
        place, found = f"{_project(owner, name)}/checkpoints/{quote(id, safe='')}/changes", list[FileChange]()
        params = {"against": against, "limit": "200"}
        while True:
            page = await self._get(Page[FileChange], place, params=params)
            found += page.items
            if page.next is None:
                return found
            params["cursor"] = page.next

    async def checkpoint_diff(
        self, owner: str, name: str, id: str, *, against: str = "before", path: str | None = None
    ) -> bytes:
        """What differs, as `diff -u` has it."""
        place = f"{_project(owner, name)}/checkpoints/{quote(id, safe='')}/diff"
        params = {"against": against, **({"path": path} if path else {})}
        async with self.request("GET", place, params=params, timeout=PATIENCE) as response:
            return await response.read()

    async def checkpoints_status(self, owner: str, name: str) -> CheckpointsStatus:
        """Whether every edit is kept, and which files cannot be."""
        return await self._get(CheckpointsStatus, f"{_project(owner, name)}/checkpoints/status")

    async def restore_checkpoint(self, owner: str, name: str, id: str, paths: list[str] | None = None) -> RestoredFiles:
        """Have everything, or these files and folders, as they were."""
        place = f"{_project(owner, name)}/checkpoints/{quote(id, safe='')}/restore"
        body = {"paths": paths} if paths else {}
        return await self._send(RestoredFiles, "POST", place, body, timeout=PATIENCE)

    async def sandbox(self, owner: str, name: str) -> Sandbox:
        return await self._get(Sandbox, f"{_project(owner, name)}/sandbox")

    async def change_sandbox(self, owner: str, name: str, action: str) -> Sandbox:
        """`action`: start, stop or restart."""
        path = f"{_project(owner, name)}/sandbox/{action}"
        return await self._send(Sandbox, "POST", path, None, timeout=PATIENCE)

    async def keep_awake(self, owner: str, name: str, duration: str, *, reason: str = "") -> Sandbox:
        """`duration` as in 2h."""
        path = f"{_project(owner, name)}/sandbox/keep-awake"
        return await self._send(Sandbox, "POST", path, {"for": duration, "reason": reason}, timeout=PATIENCE)

    async def let_sleep(self, owner: str, name: str, keep_awake_id: UUID) -> Sandbox:
        return await self._send(Sandbox, "DELETE", f"{_project(owner, name)}/sandbox/keep-awake/{keep_awake_id}", None)

    async def sandbox_settings(self, owner: str, name: str) -> SandboxSettings:
        return await self._get(SandboxSettings, f"{_project(owner, name)}/sandbox/settings")

    async def change_sandbox_settings(self, owner: str, name: str, wanted: Mapping[str, object]) -> SandboxSettings:
        """`wanted` holds any of freeze, stop, memory, cpu, pids, disk; what is missing is left to the server."""
        return await self._send(SandboxSettings, "PUT", f"{_project(owner, name)}/sandbox/settings", dict(wanted))

    async def execute(
        self, owner: str, name: str, command: str | list[str], *, timeout: float = TIMEOUT, env: Mapping[str, str] = {}
    ) -> Execution:
        body = {"command": command, "timeout": timeout, "env": dict(env)}
        return await self._send(Execution, "POST", f"{_project(owner, name)}/exec", body, timeout=timeout + PATIENCE)

    async def tokens(self) -> list[Token]:
        return (await self._get(Page[Token], "/tokens")).items

    async def create_token(
        self, name: str, *, scopes: list[str] | None = None, expires_in: float | None = None
    ) -> Token:
        body: dict[str, object] = {"name": name}
        body |= {"scopes": scopes} if scopes else {}
        body |= {"expires_in": expires_in} if expires_in else {}
        return await self._send(Token, "POST", "/tokens", body)

    async def revoke_token(self, token_id: UUID) -> None:
        async with self.request("DELETE", f"/tokens/{token_id}"):
            pass

    async def events(self, *, last_id: str | None = None) -> AsyncIterator[ServerEvent]:
        """Changes of state as they happen, until the iterator is closed."""
        async for event in self.stream("GET", "/events", headers={"Last-Event-ID": last_id} if last_id else {}):
            yield event

    async def logs(self, owner: str, name: str) -> AsyncIterator[ServerEvent]:
        async for event in self.stream("GET", f"{_project(owner, name)}/logs"):
            yield event

    async def stream(
        self, method: str, path: str, *, body: object = None, headers: Mapping[str, str] = {}
    ) -> AsyncIterator[ServerEvent]:
        fields = {"Accept": "text/event-stream", **headers}
        async with self.request(method, path, json_body=body, headers=fields, timeout=None) as response:
            async for event in server_events(response):
                yield event

    def files(self, owner: str, name: str) -> BridgeClient:
        """The project's files, commands and bridge; close it after use."""
        return BridgeClient.at(f"{self.server}{API}{_project(owner, name)}", self.token, workspace=self.workspace)

    @asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        *,
        json_body: object = None,
        data: AsyncIterable[bytes] | bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] = {},
        timeout: float | None = TIMEOUT,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """One call below /api/v1, for what has no method of its own. Raises ClientError for an answer ≥ 400."""
        if self._session is None:
            raise RuntimeError("use FireflyClient as an async context manager")
        fields = {**({"Authorization": f"Bearer {self.token}"} if self.token else {}), **headers}
        if json_body is not None:
            data, fields["Content-Type"] = json.dumps(json_body).encode(), "application/json"
        limit = aiohttp.ClientTimeout(total=timeout, sock_connect=10)
        url = f"{self.server}{API}{path}"
        if self.workspace and path.startswith("/projects/"):
            params = {**(params or {}), "workspace": self.workspace}
        try:
            async with self._session.request(
                method, url, data=data, params=params, headers=fields, timeout=limit
            ) as response:
                if response.status >= 400:
                    raise await _error(response)
                yield response
        except TimeoutError:
            raise ClientError(f"{self.server} did not answer in time. Try again.") from None
        except aiohttp.ClientError as error:
            raise ClientError(f"{self.server} does not answer: {error}. Is it running?") from error

    async def _get(self, model: type[Model], path: str, *, params: Mapping[str, str] | None = None) -> Model:
        async with self.request("GET", path, params=params) as response:
            return await read(model, response)

    async def _send(
        self, model: type[Model], method: str, path: str, body: object, *, timeout: float = TIMEOUT
    ) -> Model:
        async with self.request(method, path, json_body=body, timeout=timeout) as response:
            return await read(model, response)


def _project(owner: str, name: str) -> str:
    return f"/projects/{quote(owner, safe='')}/{quote(name, safe='')}"


async def _error(response: aiohttp.ClientResponse) -> ClientError:
    problem: Any
    try:
        problem = await response.json(content_type=None)
    except (ValueError, aiohttp.ClientError):
        problem = None
    if not isinstance(problem, dict) or not problem.get("detail"):
        return ClientError(f"The server answered with status {response.status}.", status=response.status)
    return ClientError(str(problem["detail"]), status=response.status, problem=problem)
