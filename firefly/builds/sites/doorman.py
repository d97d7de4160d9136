"""Who may start as a site, and what it has to be given before anybody uses it."""

from uuid import UUID

from firefly.errors import NotFound, Withheld

from ..model import SiteState
from .facts import SiteFacts
from .quota import SiteQuota
from .records import SiteRecords
from .seams import SiteBridges

PATIENCE = 30.0


class SiteDoorman:
    """Fulfils the keeper's `Doorman`; of what is no site it knows nothing."""

    def __init__(self, *, records: SiteRecords, quota: SiteQuota, bridges: SiteBridges) -> None:
        self._records = records
        self._quota = quota
        self._bridges = bridges

    async def admit(self, workspace_id: UUID) -> None:
        """Raises Withheld for what was stopped by hand, NotFound where what it shows is gone."""
        facts = await self._records.facts(workspace_id)
        if facts is None:
            return
        admissible(facts)
        await self._quota.admit(facts)

    async def furnish(self, workspace_id: UUID) -> None:
        """While others may wait for their turn to start."""
        facts = await self._records.facts(workspace_id)
        if facts is not None:
            await self._bridges.furnish(facts, patience=PATIENCE)


def admissible(facts: SiteFacts) -> str:
    """The digest of what a site shows, where anybody may be shown it. Raises as `SiteDoorman.admit`."""
    if facts.state is SiteState.STOPPED:
        raise Withheld(f"{facts.reason} It starts again from the page of build {facts.number}.")
    if facts.artifact is None or facts.kind is None:
        raise NotFound("What this build made was removed. Build it again.")
    return facts.artifact
