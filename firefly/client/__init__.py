"""Typed asyncio clients of the API and of the bridge."""

from .client import FireflyClient
from .errors import ClientError

__all__ = ["ClientError", "FireflyClient"]
