"""TLS: certificates from files and how they are chosen, a local authority, sites, and certificates by ACME."""

from .certificate import Certificate, Pair
from .shelf import Shelf

__all__ = ["Certificate", "Pair", "Shelf"]
