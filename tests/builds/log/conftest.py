"""Logs of one build, on a real database with a real bus."""

from pathlib import Path
from uuid import uuid4

import pytest

from firefly.builds.log import Logs
from firefly.builds.log.pieces import Line, lines_of
from firefly.builds.model import Build
from firefly.bus import Bus
from firefly.clock import SystemClock
from firefly.store import Database
from firefly.testing.clock import ManualClock
from tests.builds.yard import Yard

MOST = 1 << 20


@pytest.fixture
async def yard(database: Database, bus: Bus, clock: ManualClock, tmp_path: Path) -> Yard:
    return Yard(database, bus, clock, tmp_path)


@pytest.fixture
async def build(yard: Yard) -> Build:
    ada = await yard.person("ada")
    project_id, build_id = await yard.project(ada), uuid4()
    await yard.execute(
        "insert into builds (id, project_id, number, ref, commit, trigger, account_id, state, created_at, started_at)"
        " values ($1, $2, 1, 'refs/heads/main', $3, 'push', $4, 'running', now(), now())",
        build_id, project_id, "a" * 40, ada.account.id,
    )  # fmt: skip
    found = await yard.records.find(build_id)
    assert found is not None
    return found


@pytest.fixture
def logs(database: Database, bus: Bus) -> Logs:
    return Logs(database, bus, SystemClock(), most=MOST)


async def stored(logs: Logs, build: Build) -> list[Line]:
    pieces = await logs.records.pieces(build.id, 1, most=100_000, size=1 << 40)
    return [line for piece in pieces for line in lines_of(piece)]


async def texts(logs: Logs, build: Build) -> list[str]:
    return [line.text for line in await stored(logs, build)]
