"""Connections that are due, looked at beside one another: a provider that takes its time keeps few others waiting."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

import structlog

from ..errors import FireflyError

AT_ONCE = 8
log = structlog.get_logger()


async def look_at_each(due: Iterable[UUID], check: Callable[[UUID], Awaitable[object]]) -> None:
    """Some at one time. What keeps one from being looked at is written down."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def look(id: UUID) -> None:
        async with turns:
            try:
                await check(id)
            except FireflyError as error:
                log.warning("connection.not_checked", connection_id=str(id), reason=error.detail)

    async with asyncio.TaskGroup() as group:
        for id in due:
            group.create_task(look(id))
