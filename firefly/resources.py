"""Folders that stand beside the package in a checkout and inside it in a wheel."""

from pathlib import Path
from typing import Literal

PACKAGE = Path(__file__).resolve().parent


def folder(name: Literal["migrations", "docs"]) -> Path:
    """The absolute path of a folder of files that come with Firefly."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name
