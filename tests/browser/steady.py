"""Chromium breaks off what it loads whenever an interface of the machine comes or goes, as those of containers do."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import pytest
from playwright.async_api import Error, Page

BROKEN_OFF = "net::ERR_NETWORK_CHANGED"
TRIES = 5

Going = Callable[..., Awaitable[Any]]


def again(go: Going) -> Going:
    @wraps(go)
    async def going(*args: Any, **more: Any) -> Any:
        for _ in range(TRIES - 1):
            try:
                return await go(*args, **more)
            except Error as error:
                if BROKEN_OFF not in error.message:
                    raise
        return await go(*args, **more)

    return going


def let_pages_load_again(patch: pytest.MonkeyPatch) -> None:
    """All pages, whoever opens them."""
    for name in ("goto", "reload", "go_back", "go_forward"):
        patch.setattr(Page, name, again(getattr(Page, name)))
