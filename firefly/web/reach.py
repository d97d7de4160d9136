"""What arrived of a request, for `firefly doctor`: it tells by that what a proxy in front changes."""

import asyncio
import json
from typing import Final

from aiohttp import hdrs, web

from .context import client_address

UNLISTED_HEADER: Final = "X-Firefly-Unlisted"
# Seconds between the two halves of the answer: who gets both at once has somebody before him who waits for the whole.
PAUSE: Final = 1.0


async def reach(request: web.Request) -> web.StreamResponse:
    """Nothing but what whoever asks has sent, and what the front door made of it."""
    seen = {
        "host": request.host,
        "scheme": request.headers.get("X-Forwarded-Proto"),
        "upgrade": request.headers.get(hdrs.UPGRADE),
        "client": client_address(request),
        "unlisted": request.headers.get(UNLISTED_HEADER),
    }
    response = web.StreamResponse(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    response.content_type = "application/json"
    await response.prepare(request)
    await response.write(json.dumps(seen).encode())
    await asyncio.sleep(PAUSE)
    await response.write(b"\n")
    await response.write_eof()
    return response
