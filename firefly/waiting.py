"""Waiting for an event, for so long and no longer."""

import asyncio


async def happens(event: asyncio.Event, within: float) -> bool:
    """Until it is set, or so many seconds are over; whether it was."""
    try:
        async with asyncio.timeout(within):
            return await event.wait()
    except TimeoutError:
        return False
