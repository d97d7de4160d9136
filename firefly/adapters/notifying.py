"""What a service manager is told (sd_notify(3)): that the server is ready, and which process it is now."""

import os
import socket


def notify(*lines: str) -> None:
    """Send `lines` to the socket that NOTIFY_SOCKET names; without one, or where nobody listens, nothing happens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    # A name in the abstract namespace is written with an @.
    path = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as connection:
        connection.setblocking(False)
        try:
            connection.sendto("\n".join(lines).encode(), path)
        except OSError:
            return
