"""Where too many sandboxes run: which of them whoever asked could stop."""

from typing import TYPE_CHECKING
from uuid import UUID

from aiohttp import web

from .context import IDENTITY
from .services import services_of

if TYPE_CHECKING:
    from firefly.errors import TooManySandboxes

MOST_NAMED = 5


async def offer_to_stop(request: web.Request, error: "TooManySandboxes") -> None:
    """Name the owner's projects, idle longest first, in `stoppable`, as far as whoever asks may see them."""
    found = str(error.extra.get("workspaces", "")).split()
    error.extra = {name: value for name, value in error.extra.items() if name != "workspaces"}
    identity = request.get(IDENTITY)
    if identity is None:
        return
    projects = services_of(request).projects
    visible = await projects.visible_ids(identity)
    facts = [await projects.by_workspace(UUID(id)) for id in found]
    stoppable = [f"{one.owner}/{one.name}" for one in facts if one and one.project_id in visible][:MOST_NAMED]
    error.extra = {**error.extra, "stoppable": stoppable}
    if stoppable:
        error.detail += f" Idle longest: {', '.join(stoppable)}."
