"""Looks at a tree and says how it is installed, built, tested and run, and why.

In goes a `Source`, a commit or a folder; out comes a `Plan`, each part with its reason. Nothing of the project is run.
"""

from .analyser import analyse
from .commit import CommitSource
from .plan import Cache, Part, Plan, Strategy
from .source import FolderSource, Source

__all__ = ["Cache", "CommitSource", "FolderSource", "Part", "Plan", "Source", "Strategy", "analyse"]
