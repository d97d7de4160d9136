"""The way from inside a sandbox to the hosted repository of its project, by a unix socket."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

SOCKET = "git.sock"


class Gateway:
    """One listener per running sandbox. Protocol: `<service>\\n`, `ok\\n` or `error <sentence>\\n`, then git's own.

    `project_of` says whose workspace it is, at each connection: None for one that nobody has claimed.
    Pushes that come this way are recorded with `via="workspace"` and update no workspace.
    """

    def __init__(self, *, project_of: Callable[[UUID], Awaitable[UUID | None]]) -> None:
        raise NotImplementedError

    async def listen(self, workspace_id: UUID, folder: Path) -> None:
        """Listen on `folder`/git.sock; replaces an earlier listener of the workspace."""
        raise NotImplementedError

    async def silence(self, workspace_id: UUID) -> None:
        """Stop listening and end the connections; nothing happens when there is none."""
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError
