"""Firefly: an editor, a sandbox, a preview and a build for every project, in one process."""

__version__ = "0.1.0"
