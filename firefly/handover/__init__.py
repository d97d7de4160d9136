"""One server hands over to the next, which takes its place without a break: sockets, sandboxes, database."""

from . import service
from .estate import Estate
from .handover import Handover
from .leaving import Leaving, inherit
from .predecessor import Predecessor

__all__ = ["Estate", "Handover", "Leaving", "Predecessor", "inherit", "service"]
