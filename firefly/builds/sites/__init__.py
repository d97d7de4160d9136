"""Sites: what was built, running at hosts of its own, from the first good build of a ref to the ref's end.

In goes an artifact; out comes a route to what answers, and whoever was there before is drained.
"""

from .control import SiteControl
from .doorman import SiteDoorman
from .draining import Draining
from .ends import Ends
from .facts import SiteFacts
from .hosts import SiteHosts
from .publishing import Sites
from .quota import SiteQuota
from .records import SiteRecords
from .starting import Starting
from .watching import Watching

__all__ = [
    "Draining",
    "Ends",
    "SiteControl",
    "SiteDoorman",
    "SiteFacts",
    "SiteHosts",
    "SiteQuota",
    "SiteRecords",
    "Sites",
    "Starting",
    "Watching",
]
