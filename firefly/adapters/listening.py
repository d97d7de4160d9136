"""The sockets that a server listens on: its own, or those that systemd hands over (sd_listen_fds(3))."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

from firefly.addresses import addresses
from firefly.errors import InvalidInput
from firefly.settings import Settings

FIRST_HANDED_OVER = 3
# FileDescriptorName= of a socket unit for `FIREFLY_PLAIN_LISTEN`; every other name is the front door's.
PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Listeners:
    door: tuple[socket.socket, ...]
    """Previews and app, with TLS where there are certificates."""
    plain: tuple[socket.socket, ...] = ()
    """Sends browsers to https."""

    def __post_init__(self) -> None:
        # Several processes may accept from one: to wait for a connection that another has taken would stop a loop.
        for one in (*self.door, *self.plain):
            one.setblocking(False)


@contextmanager
def listeners(settings: Settings) -> Iterator[Listeners]:
    """All sockets, closed at the end. Raises InvalidInput where nobody may listen, or somebody does already."""
    with ExitStack() as stack:
        handed = [(name, stack.enter_context(closing(found))) for name, found in _handed_over()]
        if handed:
            yield Listeners(
                tuple(found for name, found in handed if name != PLAIN),
                tuple(found for name, found in handed if name == PLAIN),
            )
            return
        door = [stack.enter_context(closing(one)) for one in _bind(settings.listen, "listen")]
        plain = [stack.enter_context(closing(one)) for one in _bind(settings.plain_listen, "plain_listen")]
        yield Listeners(tuple(door), tuple(plain))


@contextmanager
def holding(found: Listeners) -> Iterator[Listeners]:
    """Sockets that another server listens on too, closed at the end."""
    with ExitStack() as stack:
        for one in (*found.door, *found.plain):
            stack.enter_context(closing(one))
        yield found


def _handed_over() -> Iterator[tuple[str, socket.socket]]:
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")
    for number in range(int(os.environ.get("LISTEN_FDS") or 0)):
        yield names[number] if number < len(names) else "", socket.socket(fileno=FIRST_HANDED_OVER + number)


def _bind(setting: str, field: str) -> Iterator[socket.socket]:
    for host, port in addresses(setting):
        try:
            # IPv6 alone on `[::]`, whatever the machine's default is: `0.0.0.0` may be listed beside it.
            yield socket.create_server((host, port), family=_family(host), backlog=1024)
        except OSError as error:
            reason = str(error.strerror).partition(" (")[0]
            address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            raise InvalidInput(
                f"Firefly cannot listen at {address}: {reason}. "
                f"Choose another address with --{field.replace('_', '-')}.",
                field=field,
            ) from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
