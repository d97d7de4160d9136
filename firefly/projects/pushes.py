"""What follows a push from outside: the workspace is brought up to date, and the pusher told how that went."""

from collections.abc import Sequence

import structlog

from ..clock import Clock
from ..errors import FireflyError
from ..git import PushRecorded
from .model import Project
from .records import Records
from .seams import BridgeGateway

log = structlog.get_logger()


class WorkspaceUpdater:
    """Fulfils `git.PushListener`. Only the default branch moves the workspace; it is what the workspace shows."""

    def __init__(self, *, records: Records, bridge: BridgeGateway, clock: Clock) -> None:
        self._records = records
        self._bridge = bridge
        self._clock = clock

    async def pushed(self, push: PushRecorded) -> Sequence[str]:
        project = await self._records.find_by_id(None, push.project_id)
        if project is None:
            return ()
        await self._note(project, push)
        ref = f"refs/heads/{project.default_branch}"
        moved = [change for change in push.changes if change.ref == ref and change.new.strip("0")]
        if not moved or project.workspace_id is None:
            return (f"Firefly has it. The workspace follows {project.default_branch} and was left as it is.",)
        try:
            result = await self._bridge.pull(project.workspace_id, ref)
        except (FireflyError, TimeoutError) as error:
            log.warning("workspace.not_updated", project_id=str(project.id), reason=str(error))
            return (f"Firefly has it, but the workspace was not updated: {error}",)
        if result.updated:
            return ("Firefly has it, and the workspace was updated.",)
        return (f"Firefly has it, but the workspace was not updated: {result.reason}",)

    async def _note(self, project: Project, push: PushRecorded) -> None:
        names = [change.ref.removeprefix("refs/heads/").removeprefix("refs/tags/") for change in push.changes]
        did = "pushed to" if any(change.new.strip("0") for change in push.changes) else "deleted"
        what = f"{did} {names[0]}" if len(names) == 1 else f"{did} {len(names)} branches"
        async with self._records.database.transaction() as connection:
            await self._records.queries.note_change(
                connection, id=project.id, now=self._clock.now(), what=what[:200], account_id=push.pusher_id
            )
            await self._records.announce("project.changed", project, connection, what=what[:200])
