"""What of a keeper only looks at runs, and reaches into what runs: nothing here starts, wakes or stops one."""

import socket
from pathlib import Path
from uuid import UUID

from firefly.errors import Unavailable

from .backend import ExitStatus, Instance, State
from .parts import Parts


class Reaching(Parts):
    def running(self, workspace_id: UUID) -> Instance | None:
        """The run that may be used now; no input or output."""
        slot = self._slots.get(workspace_id)
        return slot.instance if slot is not None and slot.state is State.RUNNING else None

    def all_running(self) -> list[UUID]:
        """The workspaces whose runs may be used now; no input or output."""
        return [slot.workspace_id for slot in self._slots if slot.state is State.RUNNING and slot.instance is not None]

    def alive(self, workspace_id: UUID) -> bool:
        """Whether there is a run, frozen or not; no input or output."""
        slot = self._slots.get(workspace_id)
        return slot is not None and slot.state in (State.RUNNING, State.FROZEN)

    def is_frozen(self, instance: Instance) -> bool:
        """Whether a run, adopted ones too, does nothing just now, not even answer."""
        return self._backend.frozen(instance.id)

    async def probe(self, workspace_id: UUID, port: int) -> socket.socket:
        """Connect to a port inside what runs, which starts nothing and puts off no idle stop.

        Raises Unavailable where none runs, and what the backend raises.
        """
        running = self.running(workspace_id)
        if running is None:
            raise Unavailable("The sandbox does not run.")
        return await self._backend.connect(running.id, port)

    @property
    def joins_images(self) -> bool:
        """Whether an image can be run beside what runs already."""
        return self._backend.capabilities().images_join

    @property
    def keeps_files(self) -> bool:
        """Whether the files of a workspace outlive its runs."""
        return self._backend.capabilities().keeps_files

    async def end_of(self, run_id: str) -> ExitStatus | None:
        """How one run of a workspace ended, whatever runs there now; None while it goes on."""
        return await self._backend.exit_status(run_id)

    async def accompany(self, workspace_id: UUID, image: str) -> None:
        """Have an image run beside what runs. Raises SandboxFailed, Unavailable."""
        await self._backend.accompany(self._instance(workspace_id).id, image)

    def bridge_path(self, workspace_id: UUID) -> Path:
        """The bridge's socket of the running sandbox. Raises Unavailable where none runs."""
        return self._backend.bridge_path(self._instance(workspace_id).id)

    def gateway_path(self, workspace_id: UUID) -> Path:
        """The folder in which the server may listen for the sandbox. Raises Unavailable where none runs."""
        return self._backend.gateway_path(self._instance(workspace_id).id)

    def _instance(self, workspace_id: UUID) -> Instance:
        slot = self._slots.get(workspace_id)
        if slot is None or slot.instance is None:
            raise Unavailable("The sandbox does not run.")
        return slot.instance

    async def logs(self, workspace_id: UUID) -> str:
        """What supervisor and bridge printed last, also after the sandbox has ended."""
        slot = self._slots.get(workspace_id)
        if slot is None:
            return ""
        return await self._backend.logs(slot.instance.id) if slot.instance else slot.output
