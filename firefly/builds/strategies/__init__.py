"""The ways in which artifacts come about.

In goes a `Job`: a plan, a tree and a log; out comes what was `Made`, or `BuildFailed`.
"""

from .strategy import BuildFailed, BuildStrategy, Job, Made

__all__ = ["BuildFailed", "BuildStrategy", "Job", "Made"]
