"""The aiohttp application on the internal socket, which only the front door reaches (decision 2)."""

import asyncio

from aiohttp import web

from firefly.unixsockets import put_in_place
from firefly.web.application import create_application
from firefly.web.services import Services
from firefly.web.streams import STREAMS

from .door import APP_SOCKET

BACKLOG = 1024
LONGEST_LINE = 64 << 10


class Site:
    def __init__(self, services: Services) -> None:
        self._path = services.settings.run_dir / APP_SOCKET
        self._application = create_application(services)
        self._runner = web.AppRunner(
            self._application,
            handler_cancellation=True,
            access_log=None,
            shutdown_timeout=services.settings.drain_requests,
            # The front door decides what is too long, and says so in its own words.
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
        )
        self._servers: list[asyncio.Server] = []

    async def open(self) -> None:
        await self._runner.setup()
        await self.listen()

    async def listen(self) -> None:
        """Be found at the socket's path, in the place of whoever was before."""
        listener = await asyncio.to_thread(put_in_place, self._path, mode=0o600)
        server = self._runner.server
        assert server is not None
        self._servers.append(
            await asyncio.get_running_loop().create_unix_server(server, sock=listener, backlog=BACKLOG)
        )

    def retire(self) -> None:
        """End the streams that have no end of their own: their readers come back, to whoever is found then."""
        self._application[STREAMS].close(endless=True)

    async def shut_down(self) -> None:
        """End all streams: who reads them would keep the front door waiting."""
        await self._runner.shutdown()

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        await self._runner.cleanup()
