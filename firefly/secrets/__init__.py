"""Keys and sealed values."""

from .keyring import Keyring

__all__ = ["Keyring"]
