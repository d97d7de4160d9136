"""What a keeper is made of, tied together in one place."""

from collections.abc import Callable

from firefly.bus import Bus
from firefly.clock import Clock, SystemClock
from firefly.settings import Settings
from firefly.store import Database

from .archives import Archives
from .archiving import Archiving
from .awake import KeepAwakes
from .backend import SandboxBackend
from .claiming import Claiming
from .granting import Granting
from .idleness import Idleness
from .lease import Lease, node_of, place_of
from .lifecycle import Lifecycle
from .looking import Looking
from .preparing import Preparation
from .quota import Quota
from .reconciling import Reconciliation
from .seams import WorkspaceSource
from .slots import Slots
from .starting import Starts
from .sweeping import Sweeping
from .tasks import Tasks
from .telling import Telling
from .terms import Allowance
from .waking import Waking
from .workspaces import Records, Workspaces

SWEEP_INTERVAL = 15.0


class Parts:
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
        """As a keeper has them."""
        self._backend = backend
        self._clock = clock
        self._lease = lease or Lease(database, node=node_of(settings), place=place_of(settings), clock=SystemClock())
        self.workspaces = Workspaces(database, self._clock, self._lease.node)
        self._granting = Granting(database, Allowance(settings, freezes=backend.capabilities().freezes))
        self._slots = Slots(self._clock, self._granting.allowance.grant())
        self._idleness = Idleness(self._clock)
        self._tasks = Tasks()
        self._records = Records(database, bus, self._lease)
        self._awakes = KeepAwakes(database, self._clock, longest=settings.keep_awake_max)
        self._archives = archives = Archives(database, self._clock, self._lease.node)
        starts = Starts(settings.simultaneous_starts, waiting=settings.waiting_starts)
        quota = Quota(settings, slots=self._slots, source=source)
        self._lifecycle = Lifecycle(
            backend=backend, source=source, records=self._records, lease=self._lease, granting=self._granting,
            clock=self._clock, quota=quota, starts=starts, tasks=self._tasks, idleness=self._idleness,
            archives=archives,
        )  # fmt: skip
        self._preparation = Preparation(
            settings.prepared_sandboxes, backend=backend, source=source, workspaces=self.workspaces, lease=self._lease,
            starts=starts, tasks=self._tasks,
        )  # fmt: skip
        self._waking = Waking(
            slots=self._slots, lifecycle=self._lifecycle, lease=self._lease, tasks=self._tasks, clock=self._clock
        )
        self._claiming = Claiming(
            backend=backend, pool=self._preparation.pool, workspaces=self.workspaces, slots=self._slots,
            lifecycle=self._lifecycle, lease=self._lease, quota=quota, tasks=self._tasks,
        )  # fmt: skip
        self._looking = Looking(
            granting=self._granting, records=self._records, lifecycle=self._lifecycle, clock=self._clock
        )
        self._sweeping = Sweeping(
            slots=self._slots, lifecycle=self._lifecycle, idleness=self._idleness, looking=self._looking,
            lease=self._lease, pool=self._preparation.pool, pause=min(settings.idle_stop / 4, SWEEP_INTERVAL),
            available_memory=available_memory,
        )  # fmt: skip
        self.archiving = Archiving(
            settings.workspace_archive_days, backend=backend, archives=archives, source=source, records=self._records,
            lifecycle=self._lifecycle, granting=self._granting, slots=self._slots, lease=self._lease,
            tasks=self._tasks, clock=self._clock,
        )  # fmt: skip
        self._reconciliation = Reconciliation(
            backend=backend, records=self._records, workspaces=self.workspaces, lifecycle=self._lifecycle,
            preparation=self._preparation, granting=self._granting, awakes=self._awakes, slots=self._slots,
            archives=archives,
        )  # fmt: skip
        self._telling = Telling(backend=backend, lifecycle=self._lifecycle, idleness=self._idleness, clock=self._clock)
