"""Packages of npm and Python, downloaded once for all sandboxes, each checked by what its registry says of it."""

from .door import Door
from .registry import Registry
from .shelf import Shelf
from .upstream import Upstreams, find

__all__ = ["Door", "Registry", "Shelf", "Upstreams", "find"]
