"""The client's calls about a project's workspaces."""

from datetime import datetime
from urllib.parse import quote

from .api_transport import PATIENCE, ApiTransport, project_path
from .models import Job, Page, Value


class WorkspaceUrls(Value):
    editor: str
    preview: str


class Workspace(Value):
    """`member`: whose own it is, None for the shared one. `open`: that member may still use it."""

    member: str | None
    open: bool
    ready: bool
    state: str
    reason: str
    since: datetime
    stops_at: datetime | None = None
    created_at: datetime
    urls: WorkspaceUrls
    job: Job | None = None


class WorkspaceCalls:
    """Of one project. Every method raises ClientError."""

    def __init__(self, transport: ApiTransport, owner: str, name: str) -> None:
        self._transport = transport
        self._path = f"{project_path(owner, name)}/workspaces"

    async def all(self) -> list[Workspace]:
        """The shared one first, then members' own: the caller's, and for owners everybody's."""
        return (await self._transport.ask(Page[Workspace], "GET", self._path)).items

    async def open(self) -> Workspace:
        """The caller's own; `job` fills one that is new."""
        return await self._transport.ask(Workspace, "POST", self._path, timeout=PATIENCE)

    async def discard(self, member: str, *, anyway: bool = False) -> None:
        """Raises ClientError, which names it, while it holds what is nowhere else; not with `anyway`."""
        params = {"anyway": str(anyway).lower()}
        await self._transport.remove(f"{self._path}/{quote(member, safe='')}", params=params, timeout=PATIENCE)
