"""Connections to git providers, and projects that are linked to repositories there."""

from .connections import Connections
from .model import Connection, Kind, Need, State
from .offers import Offer, Offers
from .vault import Vault

__all__ = ["Connection", "Connections", "Kind", "Need", "Offer", "Offers", "State", "Vault"]
