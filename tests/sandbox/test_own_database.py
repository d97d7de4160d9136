"""A site's own PostgreSQL, in a real sandbox: made, seeded, out of everybody else's reach.

How it is kept, and handed on to the next site, is in tests/builds/sites/test_databases.py.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from firefly.client.bridge import BridgeClient
from firefly.errors import Unavailable
from firefly.protocol.application import State
from firefly.protocol.site import SiteParams
from firefly.protocol.workspace import Configuration, ProjectName
from firefly.sandbox.backend import Instance, SandboxBackend, SandboxSpec
from firefly.sandbox.detection import Machine
from firefly.sandbox.process import ProcessBackend
from firefly.settings import Settings
from firefly.store.cluster import installation
from tests.sandbox.conftest import spec

pytestmark = pytest.mark.timeout(180)
PASSWORD = "a-password-of-the-test"
PSQL = f"/opt/firefly/libraries/{installation().relative_to(installation().parents[1])}/bin/psql"
SEED = [f'{PSQL} -qX "$DATABASE_URL" -c "create table visits (n int)" -c "insert into visits values (41)"']
# What the site itself does at each start, as with migrations.
RUN = [f'{PSQL} -qX -c "update visits set n = n + 1"', 'exec python3 -m http.server "$PORT" --bind 127.0.0.1']


@pytest.fixture
async def backend(settings: Settings, machine: Machine) -> AsyncIterator[ProcessBackend]:
    """With the real bridge inside."""
    made = ProcessBackend(settings, machine=machine)
    await made.open()
    yield made
    for instance in await made.list():
        await made.stop(instance.id, reason="The test is over.")
    await made.close()


@asynccontextmanager
async def site(backend: SandboxBackend, wanted: SandboxSpec) -> AsyncIterator[tuple[BridgeClient, Instance]]:
    """A run of a site with a database; at the end of the block it is stopped, not deleted."""
    params = SiteParams.model_validate({"run": RUN, "database": {"password": PASSWORD, "seed": SEED}})
    configuration = Configuration(project=ProjectName(owner="ada", name="shop"), site=params)
    instance = await backend.create(wanted)
    async with BridgeClient.on_socket(backend.bridge_path(instance.id)) as bridge:
        await bridge.configure(configuration)
        status = await bridge.application_status(wait=50)
        assert status.state is State.RUNNING, await said(bridge)
        yield bridge, instance
    await backend.stop(instance.id, reason="It sleeps.")


async def said(bridge: BridgeClient) -> str:
    async for item in bridge.logs():
        return str(item)
    return ""


async def count(bridge: BridgeClient) -> str:
    address = f"postgresql://app:{PASSWORD}@127.0.0.1/app"
    done = await bridge.execute([PSQL, "-qXAt", address, "-c", "select n from visits"])
    return done.stdout.strip() or done.stderr


async def test_it_is_reached_from_inside_alone_by_its_password_and_filled_once(backend: ProcessBackend) -> None:
    async with site(backend, spec(1)) as (bridge, _):
        assert await count(bridge) == "42"
        # By its password alone, also for who is inside; and not for whoever asks for another role.
        refused = await bridge.execute([PSQL, "-X", "postgresql://postgres:wrong@127.0.0.1/postgres", "-c", "select 1"])
        assert "password authentication failed" in refused.stderr
        # On the loopback of its own sandbox, which nothing on this machine leads to but the keeper's dialer.
        listening = await bridge.execute("cat /proc/net/tcp /proc/net/tcp6")
        assert "0100007F:1538" in listening.stdout
        assert "00000000:1538" not in listening.stdout
        # What comes too late is not looked at: the database is there.
        await bridge.fill_database(nothing())
        assert await count(bridge) == "42"


async def nothing() -> AsyncIterator[bytes]:
    yield b"not a dump"


async def test_a_seed_that_fails_is_told_and_nothing_is_to_be_had_of_one_that_does_not_run(
    backend: ProcessBackend,
) -> None:
    wanted = SiteParams.model_validate({"run": RUN, "database": {"password": PASSWORD, "seed": ["echo oh no; exit 3"]}})
    instance = await backend.create(spec(3))
    async with BridgeClient.on_socket(backend.bridge_path(instance.id)) as bridge:
        await bridge.configure(Configuration(project=ProjectName(owner="ada", name="shop"), site=wanted))
        status = await bridge.application_status(wait=50)
        assert status.state is State.CRASHED
        assert status.reason.startswith("echo oh no; exit 3 (seed) failed with exit status 3. See the output.")
        with pytest.raises(Unavailable, match="does not run"):
            async with bridge.dump_database():
                pass
