"""Looks at a tree and says how it is installed, built, tested and run, and why."""

from .analyser import analyse
from .commit import CommitSource
from .plan import Cache, Part, Plan, Strategy
from .source import FolderSource, Source

__all__ = ["Cache", "CommitSource", "FolderSource", "Part", "Plan", "Source", "Strategy", "analyse"]
