"""Sites that are nothing but pages: unpacked once on each server, and served by it without a process of their own.

In goes the artifact of a site; out comes an `Exhibit`, whose files lie in a folder of this server.
"""

from .exhibition import Exhibit, Exhibition
from .folder import Evicted, ShelfFolder
from .shelf import Shelf
from .unpacking import Bounds

__all__ = ["Bounds", "Evicted", "Exhibit", "Exhibition", "Shelf", "ShelfFolder"]
