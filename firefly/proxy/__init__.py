"""The front door: an HTTP/1.1 proxy on uvloop that knows routes, a gate and dialers, and nothing else."""

from .dialer import Dialer
from .front_door import FrontDoor
from .gate import Gate, Verdict
from .heads import Head
from .journal import Journal
from .limits import Limits
from .pages import Pages
from .progress import Progress, Step
from .tunnels import Tunnels

__all__ = [
    "Dialer",
    "FrontDoor",
    "Gate",
    "Head",
    "Journal",
    "Limits",
    "Pages",
    "Progress",
    "Step",
    "Tunnels",
    "Verdict",
]
