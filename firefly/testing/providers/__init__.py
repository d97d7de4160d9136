"""A twin of GitHub, GitLab, Bitbucket and Gitea: it speaks their APIs, and records what it is told."""

from .model import TwinPull, TwinRepository
from .server import ProviderServer

__all__ = ["ProviderServer", "TwinPull", "TwinRepository"]
