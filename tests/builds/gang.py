"""Builders of one replica, on twins."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from firefly.builds.queueing.claims import LEASE, Claims
from firefly.builds.queueing.workers import Workers
from firefly.settings import Settings
from firefly.testing.build_log import MemoryLogs
from firefly.testing.builds import MemoryPublisher, MemoryRunner

from .yard import Yard


@dataclass
class Gang:
    yard: Yard
    runner: MemoryRunner = field(default_factory=MemoryRunner)
    publisher: MemoryPublisher = field(default_factory=MemoryPublisher)
    logs: MemoryLogs = field(default_factory=MemoryLogs)
    lease: timedelta = LEASE
    settings: Settings = field(default_factory=Settings)

    place: str = field(default_factory=lambda: str(uuid4()))

    def claims(self) -> Claims:
        return Claims(self.yard.records, self.settings, place=self.place, lease=self.lease)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Workers]:
        workers = Workers(
            claims=self.claims(), runner=self.runner, publisher=self.publisher, open_log=self.logs.open,
            bus=self.yard.bus, at_once=self.settings.builds_at_once,
        )  # fmt: skip
        running = asyncio.create_task(workers.run())
        try:
            yield workers
        finally:
            running.cancel()
            await asyncio.wait([running])
