"""What everything else stands on."""

from dataclasses import dataclass

from firefly.artifacts import ArtifactStore
from firefly.audit import Audit
from firefly.bus import Bus
from firefly.clock import Clock
from firefly.settings import Settings
from firefly.store import Database


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Open, for as long as the server runs."""

    settings: Settings
    database: Database
    bus: Bus
    clock: Clock
    audit: Audit
    artifacts: ArtifactStore
