"""What builds print: lines in steps, masked, stored in pieces, read while they come.

In goes output of the one that holds the build; out come lines in order, to any number of readers, until the log ends.
"""

from .logs import Logs
from .site_log import SiteLog

__all__ = ["Logs", "SiteLog"]
