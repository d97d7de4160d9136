"""How the bridge comes by its listening socket: the server makes it outside and hands it in, once, before all else.

A socket file that the sandbox could write to might be replaced by a link to any socket of the machine, and a port of
its network be taken by the project's own program. So the bridge, which is all that runs at first, fetches a descriptor
of a socket whose name no sandbox sees. Descriptors go in this direction only.
"""

import asyncio
import contextlib
import socket
from pathlib import Path


class Offer:
    """`bridge` is where the server will reach the bridge, `giver` where the bridge fetches the socket."""

    def __init__(self, bridge: Path, giver: Path) -> None:
        self._bridge, self._giver = bridge, giver
        self._listener = _listen(bridge, mode=0o600)
        self._asking = _listen(giver, mode=0o666)
        self._asking.setblocking(False)

    async def taken(self) -> None:
        """Return when the socket was handed out; it is closed here then, so that the bridge has the only one."""
        loop = asyncio.get_running_loop()
        try:
            connection, _ = await loop.sock_accept(self._asking)
            with connection:
                # A byte and a descriptor fit into the buffer of a connection that is new.
                socket.send_fds(connection, [b"."], [self._listener.fileno()])
        finally:
            self.close()

    def close(self) -> None:
        self._listener.close()
        self._asking.close()
        with contextlib.suppress(FileNotFoundError):
            self._giver.unlink()


def _listen(path: Path, *, mode: int) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(mode)
        listener.listen(128)
    except BaseException:
        listener.close()
        raise
    return listener
