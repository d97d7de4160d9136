"""What has to happen to connections and links by itself: looked at each day, tried again, removed at last."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from ..errors import FireflyError

LOOK_EVERY = 30.0
log = structlog.get_logger()


async def look_for_ever(looks: Mapping[str, Callable[[], Awaitable[object]]]) -> None:
    """Each by its name, one after another, and again half a minute later."""
    while True:
        for name, look in looks.items():
            try:
                await look()
            except FireflyError as error:
                log.warning("linking.not_looked", what=name, reason=error.detail)
            # Whatever it is, the server serves on, and the others are looked after.
            except Exception:
                log.exception("linking.not_looked", what=name)
        await asyncio.sleep(LOOK_EVERY)
