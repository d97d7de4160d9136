"""How processes of one server talk with one another: calls, notes and descriptors over a pair of sockets."""

from .first import first
from .link import Link, Sockets
from .wire import Wire

__all__ = ["Link", "Sockets", "Wire", "first"]
