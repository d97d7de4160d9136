"""A site's own PostgreSQL, in a container."""

from tests.sandbox.backends import Ground
from tests.sandbox.conftest import spec
from tests.sandbox.test_own_database import count, site
from tests.support.engine import needs_engine

pytestmark = needs_engine


async def test_it_is_seeded_once_and_kept_over_sleep(ground: Ground) -> None:
    wanted = spec(1)
    async with site(ground.backend, wanted) as (bridge, _):
        assert await count(bridge) == "42"
    async with site(ground.backend, wanted) as (bridge, _):
        assert await count(bridge) == "43"
