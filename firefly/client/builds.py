"""The client's calls about builds, their sites and their settings."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from urllib.parse import quote
from uuid import UUID

from firefly.errors import Unavailable

from .api_transport import API, PATIENCE, ApiTransport, project_path
from .bridge import BridgeClient
from .build_models import Branch, Branches, Build, BuildPage, BuildPlan, BuildSettings, LogLine, LogPage
from .errors import ClientError

# Between attempts to go on with a stream that broke.
RETRY_PAUSE = 1.0
MOST_RETRIES = 30


class BuildCalls:
    """Every method raises ClientError."""

    def __init__(self, transport: ApiTransport) -> None:
        self._transport = transport

    async def start(
        self, owner: str, name: str, *, ref: str | None = None, commit: str | None = None, forced: bool = False
    ) -> Build:
        body = {"ref": ref, "commit": commit, "forced": forced}
        return await self._transport.ask(Build, "POST", f"{project_path(owner, name)}/builds", body=body)

    async def newest(
        self, owner: str, name: str, *, ref: str | None = None, state: str | None = None, most: int = 30
    ) -> list[Build]:
        """At most `most` of them, the newest first."""
        found: list[Build] = []
        params = {key: value for key, value in (("ref", ref), ("state", state)) if value}
        while True:
            params["limit"] = str(max(1, min(100, most - len(found))))
            page = await self._transport.ask(BuildPage, "GET", f"{project_path(owner, name)}/builds", params=params)
            found += page.builds
            if page.cursor is None or len(found) >= most:
                return found
            params["cursor"] = page.cursor

    async def get(self, build_id: UUID) -> Build:
        return await self._transport.ask(Build, "GET", f"/builds/{build_id}")

    async def numbered(self, owner: str, name: str, number: int) -> Build:
        return await self._transport.ask(Build, "GET", f"{project_path(owner, name)}/builds/{number}")

    async def act(self, build_id: UUID, action: str) -> Build:
        """`action`: cancel, kill, retry, approve; of its site: stop, start."""
        return await self._transport.ask(Build, "POST", f"/builds/{build_id}/{action}", timeout=PATIENCE)

    async def explain(self, build_id: UUID) -> BuildPlan:
        return await self._transport.ask(BuildPlan, "GET", f"/builds/{build_id}/explain")

    async def log(
        self, build_id: UUID, *, tail: int | None = None, search: str = "", step: int | None = None
    ) -> AsyncIterator[LogLine]:
        """Its lines until now, page after page."""
        asked = (("tail", tail), ("search", search or None), ("step", step), ("limit", 5000))
        params = {key: str(value) for key, value in asked if value is not None}
        while True:
            page = await self._transport.ask(LogPage, "GET", f"/builds/{build_id}/log", params=params)
            for line in page.lines:
                yield line
            if page.cursor is None:
                return
            params.pop("tail", None)
            params["after"] = str(page.cursor)

    async def follow(self, build_id: UUID, *, tail: int | None = None) -> AsyncIterator[LogLine]:
        """Its lines as they come, until the log ends; a stream that breaks is taken up where it was."""
        path, last, broken = f"/builds/{build_id}/log", 0, 0
        while True:
            query = f"?tail={tail}" if tail is not None and not last else ""
            headers = {"Last-Event-ID": str(last)} if last else {}
            try:
                async for event in self._transport.stream("GET", path + query, headers=headers):
                    broken = 0
                    if event.name == "end":
                        return
                    if event.name == "lines":
                        for line in json.loads(event.data):
                            yield LogLine.model_validate(line)
                        last = int(event.id)
            except (Unavailable, ClientError) as error:
                broken += 1
                if (isinstance(error, ClientError) and 400 <= error.status < 500) or broken > MOST_RETRIES:
                    raise
            await asyncio.sleep(RETRY_PAUSE)

    async def branches(self, owner: str, name: str) -> list[Branch]:
        return (await self._transport.ask(Branches, "GET", f"{project_path(owner, name)}/branches")).branches

    async def make_demo(self, owner: str, name: str, branch: str, *, is_demo: bool) -> Branch:
        path = f"{project_path(owner, name)}/branches/{quote(branch)}"
        return await self._transport.ask(Branch, "PATCH", path, body={"is_demo": is_demo})

    async def settings(self, owner: str, name: str) -> BuildSettings:
        return await self._transport.ask(BuildSettings, "GET", f"{project_path(owner, name)}/build-settings")

    async def change_settings(self, owner: str, name: str, change: Mapping[str, object]) -> BuildSettings:
        return await self._transport.ask(
            BuildSettings, "PATCH", f"{project_path(owner, name)}/build-settings", body=dict(change)
        )

    def sandbox(self, build_id: UUID) -> BridgeClient:
        """The sandbox of one that failed, while it is kept; close it after use."""
        return BridgeClient.at(f"{self._transport.server}{API}/builds/{build_id}", self._transport.token)
