"""The gallery: sites of pages, shown without a sandbox."""

from collections.abc import AsyncIterator

import pytest

from firefly.auth import Identity
from firefly.settings import Settings
from tests.builds.pages.gallery import Gallery
from tests.builds.yard import Yard


@pytest.fixture
async def gallery(yard: Yard, ada: Identity, settings: Settings) -> AsyncIterator[Gallery]:
    made = Gallery(yard, await yard.project(ada), ada, settings)
    async with made.opened():
        yield made
