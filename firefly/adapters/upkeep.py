"""What has to happen to projects by itself, hour by hour."""

import asyncio

import structlog

from firefly.errors import FireflyError
from firefly.projects import Projects

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
        await asyncio.sleep(INTERVAL)
