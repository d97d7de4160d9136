"""What builds print: lines in steps, masked, stored in pieces, read while they come."""

from .logs import Logs

__all__ = ["Logs"]
