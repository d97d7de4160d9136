"""Certificates as the settings name them, and what makes a running server read them again."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

from firefly.settings import Settings
from firefly.tls import Pair, Shelf


def open_shelf(settings: Settings) -> Shelf | None:
    """None where the server has no certificates. Raises InvalidInput for one that cannot be served."""
    return Shelf(_pairs(settings)) if settings.encrypted else None


def _pairs(settings: Settings) -> Iterator[Pair]:
    certificates = settings.tls_certificates
    for certificate, key in zip(certificates, settings.tls_keys or certificates, strict=True):
        yield Pair(Path(certificate), Path(key))


async def follow(shelf: Shelf) -> None:
    """Read certificates again on SIGHUP and when their files change; for ever."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, asked.set)
    try:
        await shelf.follow(asked)
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
