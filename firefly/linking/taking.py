"""Refs that move here because they moved at the provider: recorded as any push is, and told to the workspace."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from ..errors import FireflyError
from ..git import Pushes, PushListener, RefChange
from ..git.remotes import Remotes, Update

VIA = "provider"
log = structlog.get_logger()


class Taking:
    """`listener` is told as it is of a push by git; None: nobody is."""

    def __init__(self, *, pushes: Pushes, remotes: Remotes, listener: PushListener | None = None) -> None:
        self._pushes = pushes
        self._remotes = remotes
        self.listener = listener

    async def take(self, project_id: UUID, updates: Sequence[Update], *, by_id: UUID | None = None) -> Sequence[Update]:
        """Returns those that went through: the others were moved by somebody else meanwhile."""
        if not updates:
            return ()
        changes = [_change(update) for update in updates]
        push = await self._pushes.begin(project_id, pusher_id=by_id, via=VIA, changes=changes)
        try:
            moved = await self._remotes.move(project_id, updates)
        except BaseException:
            await self._pushes.settle(push, None)
            raise
        recorded = await self._pushes.settle(push, [_change(update) for update in moved])
        if recorded is not None and self.listener is not None:
            try:
                await self.listener.pushed(recorded)
            except FireflyError as error:
                log.warning("push.unheeded", push_id=str(push.id), reason=error.detail)
        return moved


def _change(update: Update) -> RefChange:
    none = "0" * len(update.new or update.expected or "")
    return RefChange(update.ref, update.expected or none, update.new or none)
