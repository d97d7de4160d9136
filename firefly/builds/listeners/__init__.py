"""Who is told what became of a build: providers, by statuses of commits, comments and deployments."""

from .comments import Comments
from .deployments import Deployments
from .statuses import Statuses
from .telling import Telling

__all__ = ["Comments", "Deployments", "Statuses", "Telling"]
