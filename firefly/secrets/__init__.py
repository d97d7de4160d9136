"""Keys, sealed values, and the secrets of projects."""

from .keyring import Keyring
from .values import Secret, SecretValues

__all__ = ["Keyring", "Secret", "SecretValues"]
