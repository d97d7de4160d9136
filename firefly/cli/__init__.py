"""The command line: a client of the API; `serve` and `admin` alone start or reach into a server."""

from .main import main

__all__ = ["main"]
