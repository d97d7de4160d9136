"""What has to happen by itself: old projects go, and pushes that a lost database left open are settled."""

import asyncio

import structlog

from firefly.errors import FireflyError
from firefly.git import Pushes
from firefly.projects import Projects
from firefly.store import Database

log = structlog.get_logger()

INTERVAL = 3600.0


async def expire_for_ever(projects: Projects) -> None:
    """Really remove what was deleted long ago; a database that is away is asked again an hour later."""
    while True:
        try:
            removed = await projects.expire()
            if removed:
                log.info("projects.expired", count=removed)
        except FireflyError as error:
            log.warning("projects.not_expired", reason=error.detail)
        # Whatever it is, such as a folder that cannot be removed: nobody who is served would be better off without us.
        except Exception:
            log.exception("projects.not_expired")
        await asyncio.sleep(INTERVAL)


async def reconcile_pushes(database: Database, pushes: Pushes) -> None:
    """Each time the database comes back, ask the repositories what became of the pushes that it did not hear of."""
    changed = asyncio.Event()
    database.on_change(lambda available: changed.set() if available else None)
    while True:
        await changed.wait()
        changed.clear()
        try:
            for push in await pushes.reconcile():
                log.info("push.reconciled", project_id=str(push.project_id))
        except FireflyError as error:
            log.warning("pushes.not_reconciled", reason=error.detail)
        # As above; what is left open is looked at again when the database, or the server, comes back the next time.
        except Exception:
            log.exception("pushes.not_reconciled")
