"""Who is told what became of a build: providers, by statuses of commits, comments and deployments.

Each is a `Listener`: in goes a notice, as often as it takes until it is heeded once.
"""

from .comments import Comments
from .deployments import Deployments
from .statuses import Statuses
from .telling import Telling

__all__ = ["Comments", "Deployments", "Statuses", "Telling"]
