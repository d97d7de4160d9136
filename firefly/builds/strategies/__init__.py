"""The ways in which artifacts come about."""

from .strategy import BuildFailed, BuildStrategy, Job, Made

__all__ = ["BuildFailed", "BuildStrategy", "Job", "Made"]
