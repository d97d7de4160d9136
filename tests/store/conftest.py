"""An embedded server of the test's own, to be stopped, killed and started again."""

from collections.abc import AsyncIterator

import pytest

from firefly.settings import Settings
from firefly.store import EmbeddedPostgres

# As in earnest, but for a crash of the whole machine.
DURABLE = {"fsync": "off"}


@pytest.fixture
async def embedded(settings: Settings) -> AsyncIterator[EmbeddedPostgres]:
    """Not started; whatever the test started is stopped after it."""
    server = EmbeddedPostgres(settings, options=DURABLE)
    yield server
    await server.stop()
