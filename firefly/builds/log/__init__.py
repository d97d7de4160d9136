"""What builds print: lines in steps, masked, stored in pieces, read while they come."""

from .logs import Logs
from .site_log import SiteLog

__all__ = ["Logs", "SiteLog"]
