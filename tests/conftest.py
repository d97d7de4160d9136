"""What tests of several parts start from: settings, a real database, keys, a bus and a whole server."""

import gc
import os
import shutil
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import hypothesis
import pytest
from _pytest.nodeid import coerce_node_id

from firefly.bus import Bus, PostgresBus
from firefly.sandbox.docker.engine import Engine as EngineClient
from firefly.secrets import Keyring
from firefly.settings import PREFIX, Settings
from firefly.store import Database
from firefly.testing.clock import ManualClock
from tests.support import logs
from tests.support.database import TestServer
from tests.support.engine import Engine
from tests.support.images import make_image
from tests.support.server import LiveServer
from tests.support.shown import Shown
from tests.support.swarm import Node, Swarm, one_engine

# The same examples in every run, whoever owns the checkout; a busy machine is no failure.
hypothesis.settings.register_profile("firefly", database=None, deadline=None, derandomize=True)
hypothesis.settings.load_profile("firefly")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    logs.mark()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell with a failure what servers logged; in continuous integration, as root, no test may be skipped unseen."""
    report = yield
    if report.failed:
        report.sections += [(f"Written to {path}", text) for path, text in logs.written()]
    if report.skipped and os.environ.get("CI") and os.getuid() == 0:
        report.outcome, report.longrepr = "failed", f"Skipped, where nothing is to be: {report.longreprtext}"
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a group of tests on one worker: pytest-xdist names it in `_nodeid`, which this pytest does not read."""
    for item in items:
        if "@" in (named := getattr(item, "_nodeid", "")):
            item._id = coerce_node_id(named)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was collected stays to the end: each search for garbage would go over all 400,000 objects of it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _without_settings_of_the_machine() -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_")]:
        del os.environ[name]


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings with a data directory of the test's own; its folders are made."""
    made = Settings(data_dir=tmp_path / "data", listen="127.0.0.1:0")
    made.prepare_folders()
    yield made
    shutil.rmtree(made.run_dir, ignore_errors=True)


@pytest.fixture(scope="session")
def database_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    """One embedded PostgreSQL for the whole run of a worker."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("postgres") / "data")
    server = TestServer(settings)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(settings.run_dir, ignore_errors=True)


@pytest.fixture
def dsn(database_server: TestServer) -> Iterator[str]:
    """Where a migrated database is that only this test uses."""
    with database_server.lent() as dsn:
        yield dsn


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """That database, open."""
    db = Database(dsn, min_size=1, max_size=10)
    await db.open()
    yield db
    await db.close()


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One whole Firefly, in a process of its own, for the whole run of a worker."""
    with LiveServer(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """One Docker engine for the whole run; for tests that are marked with `needs_engine`."""
    with Engine() as running:
        yield running


@pytest.fixture(scope="session")
def project_image(engine: Engine) -> str:
    """The name of the project image in that engine."""
    return make_image(engine.url, engine.folder)


@pytest.fixture(scope="session")
def swarm() -> Iterator[Swarm]:
    """One Swarm of one engine for the whole run; for tests that are marked with `needs_swarm` and in its group."""
    with one_engine() as running:
        yield running


@pytest.fixture(scope="session")
def worker(swarm: Swarm) -> Iterator[Node]:
    """The second of its engines, for tests that are marked with `swarm`."""
    with swarm.joined() as running:
        yield running


@pytest.fixture
async def shown(engine: Engine) -> AsyncIterator[Shown]:
    client = EngineClient(engine.url)
    yield Shown(client)
    await client.close()


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(("a root key that only the tests know, long enough",))


@pytest.fixture
async def bus(database: Database) -> AsyncIterator[Bus]:
    """The bus on the test's database, open."""
    opened = PostgresBus(database)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()
