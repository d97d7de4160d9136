"""What a keeper's parts share: its tables, its slots, its tasks, and what it may hand out."""

from firefly.bus import Bus
from firefly.clock import Clock, SystemClock
from firefly.settings import Settings
from firefly.store import Database

from .archives import Archives
from .awake import KeepAwakes
from .backend import SandboxBackend
from .census import Census
from .granting import Granting
from .idleness import Idleness
from .lease import Lease, node_of, place_of
from .quota import Quota
from .seams import WorkspaceSource
from .slots import Slots
from .starting import Starts
from .tasks import Tasks
from .terms import Allowance
from .workspaces import Records, Workspaces


class Stock:
    def __init__(
        self,
        *,
        backend: SandboxBackend,
        database: Database,
        bus: Bus,
        source: WorkspaceSource,
        settings: Settings,
        clock: Clock,
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
        self._archives = Archives(database, self._clock, self._lease.node)
        self._starts = Starts(settings.simultaneous_starts, waiting=settings.waiting_starts)
        census = Census(database, self._lease)
        self._quota = Quota(settings, slots=self._slots, source=source, census=census, clock=self._clock)
