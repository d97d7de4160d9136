"""Connections to git providers, and projects that are linked to repositories there."""

from .choosing import NewRepository
from .connections import Connections
from .discovery import Discovery
from .joining import Joining, LinkedHere
from .linked import LinkedProjects, View
from .mirroring import Mirrors
from .model import Connection, Kind, Need, State
from .offers import Offer, Offers
from .removing import Left, Removing
from .resolving import Choice
from .vault import Vault

__all__ = [
    "Choice",
    "Connection",
    "Connections",
    "Discovery",
    "Joining",
    "Kind",
    "Left",
    "LinkedHere",
    "LinkedProjects",
    "Mirrors",
    "Need",
    "NewRepository",
    "Offer",
    "Offers",
    "Removing",
    "State",
    "Vault",
    "View",
]
