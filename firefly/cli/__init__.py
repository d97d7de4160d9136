"""The command line: a client of the API; `serve` alone starts the server."""

from .main import main

__all__ = ["main"]
