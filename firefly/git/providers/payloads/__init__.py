"""What hooks tell, in our words: each provider's published payloads have a module."""

from .happenings import (
    Happening,
    InstallationChanged,
    MembersChanged,
    Ping,
    PullRequestAction,
    PullRequestChanged,
    Pushed,
    RefChanged,
    RepositoryChange,
    RepositoryChanged,
    summary,
)
from .reading import read

__all__ = [
    "Happening",
    "InstallationChanged",
    "MembersChanged",
    "Ping",
    "PullRequestAction",
    "PullRequestChanged",
    "Pushed",
    "RefChanged",
    "RepositoryChange",
    "RepositoryChanged",
    "read",
    "summary",
]
