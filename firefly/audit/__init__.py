"""The audit log."""

from .log import Audit, Entry

__all__ = ["Audit", "Entry"]
