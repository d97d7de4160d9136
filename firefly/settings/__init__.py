"""Every setting: typed, documented, validated; a module a group."""

from .folders import LONGEST_RUN_DIR
from .settings import FIELDS, PREFIX, SECRETS, Settings
from .sources import load

__all__ = ["FIELDS", "LONGEST_RUN_DIR", "PREFIX", "SECRETS", "Settings", "load"]
