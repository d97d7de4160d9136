"""What a keeper is made of, tied together in one place."""

from collections.abc import Callable

from firefly.bus import Bus
from firefly.clock import Clock
from firefly.settings import Settings
from firefly.store import Database

from .archiving import Archiving
from .backend import SandboxBackend
from .claiming import Claiming
from .lease import Lease
from .lifecycle import Lifecycle
from .looking import Looking
from .preparing import Preparation
from .reconciling import Reconciliation
from .seams import WorkspaceSource
from .stock import Stock
from .sweeping import Sweeping
from .telling import Telling
from .waking import Waking

SWEEP_INTERVAL = 15.0


class Parts(Stock):
    def __init__(
        self,
        *,
        backend: SandboxBackend,
        database: Database,
        bus: Bus,
        source: WorkspaceSource,
        settings: Settings,
        clock: Clock,
        available_memory: Callable[[], float],
        lease: Lease | None,
    ) -> None:
        """As a keeper has them. `available_memory` gives the free share of the machine's memory, 0 to 1."""
        super().__init__(
            backend=backend, database=database, bus=bus, source=source, settings=settings, clock=clock, lease=lease
        )
        self._lifecycle = Lifecycle(
            backend=backend, source=source, records=self._records, lease=self._lease, granting=self._granting,
            clock=self._clock, quota=self._quota, starts=self._starts, tasks=self._tasks, idleness=self._idleness,
            archives=self._archives,
        )  # fmt: skip
        self._preparation = Preparation(
            settings.prepared_sandboxes, backend=backend, source=source, workspaces=self.workspaces, lease=self._lease,
            starts=self._starts, tasks=self._tasks,
        )  # fmt: skip
        self._waking = Waking(
            slots=self._slots, lifecycle=self._lifecycle, lease=self._lease, tasks=self._tasks, clock=self._clock
        )
        self._claiming = Claiming(
            backend=backend, pool=self._preparation.pool, workspaces=self.workspaces, slots=self._slots,
            lifecycle=self._lifecycle, lease=self._lease, quota=self._quota, tasks=self._tasks,
        )  # fmt: skip
        self._tend(source, settings, available_memory)

    def _tend(self, source: WorkspaceSource, settings: Settings, available_memory: Callable[[], float]) -> None:
        """What looks after sandboxes without being asked."""
        backend = self._backend
        self._looking = Looking(
            granting=self._granting, records=self._records, lifecycle=self._lifecycle, clock=self._clock
        )
        self._sweeping = Sweeping(
            slots=self._slots, lifecycle=self._lifecycle, idleness=self._idleness, looking=self._looking,
            lease=self._lease, pool=self._preparation.pool, pause=min(settings.idle_stop / 4, SWEEP_INTERVAL),
            available_memory=available_memory,
        )  # fmt: skip
        self.archiving = Archiving(
            settings.workspace_archive_days, backend=backend, archives=self._archives, source=source,
            records=self._records, lifecycle=self._lifecycle, granting=self._granting, slots=self._slots,
            lease=self._lease, tasks=self._tasks, clock=self._clock,
        )  # fmt: skip
        self._reconciliation = Reconciliation(
            backend=backend, records=self._records, workspaces=self.workspaces, lifecycle=self._lifecycle,
            preparation=self._preparation, granting=self._granting, awakes=self._awakes, slots=self._slots,
            archives=self._archives,
        )  # fmt: skip
        self._telling = Telling(
            backend=backend, lifecycle=self._lifecycle, idleness=self._idleness, granting=self._granting,
            records=self._records, clock=self._clock,
        )  # fmt: skip
