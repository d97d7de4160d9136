"""The client's calls about the checkpoints of a project's workspace."""

from datetime import datetime
from urllib.parse import quote

from .api_transport import PATIENCE, ApiTransport, project_path
from .models import Page, Value


class Checkpoint(Value):
    id: str
    at: datetime
    branch: str
    files: int
    paths: list[str]
    added: int = 0
    removed: int = 0


class FileChange(Value):
    path: str
    change: str
    added: int | None
    removed: int | None


class RefusedFile(Value):
    path: str
    size: int
    reason: str
    remedy: str


class CheckpointsStatus(Value):
    kept: bool
    kept_at: datetime | None
    error: str
    refused: list[RefusedFile]


class RestoredFiles(Value):
    files: int
    undo: str | None = None


class CheckpointCalls:
    """Of one project. Every method raises ClientError."""

    def __init__(self, transport: ApiTransport, owner: str, name: str) -> None:
        self._transport = transport
        self._path = f"{project_path(owner, name)}/checkpoints"

    async def newest(self, *, limit: int = 50) -> list[Checkpoint]:
        """200 at most."""
        return (await self._transport.ask(Page[Checkpoint], "GET", self._path, params={"limit": str(limit)})).items

    async def file(self, id: str, path: str) -> bytes:
        """A file as it was at a checkpoint."""
        async with self._transport.request("GET", f"{self._at(id)}/files/{quote(path)}", timeout=PATIENCE) as response:
            return await response.read()

    async def changes(self, id: str, *, against: str = "before") -> list[FileChange]:
        """All files that differ from the checkpoint `before`, or from `now`."""
        params = {"against": against, "limit": "200"}
        found = self._transport.each(Page[FileChange], f"{self._at(id)}/changes", params=params)
        return [change async for change in found]

    async def diff(self, id: str, *, against: str = "before", path: str | None = None) -> bytes:
        """What differs, as `diff -u` has it."""
        params = {"against": against, **({"path": path} if path else {})}
        async with self._transport.request("GET", f"{self._at(id)}/diff", params=params, timeout=PATIENCE) as response:
            return await response.read()

    async def status(self) -> CheckpointsStatus:
        """Whether every edit is kept, and which files cannot be."""
        return await self._transport.ask(CheckpointsStatus, "GET", f"{self._path}/status")

    async def restore(self, id: str, paths: list[str] | None = None) -> RestoredFiles:
        """Have everything, or these files and folders, as they were."""
        body = {"paths": paths} if paths else {}
        return await self._transport.ask(RestoredFiles, "POST", f"{self._at(id)}/restore", body, timeout=PATIENCE)

    def _at(self, id: str) -> str:
        return f"{self._path}/{quote(id, safe='')}"
