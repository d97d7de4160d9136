"""Which hosts a visitor is brought in at: those that are known, within bounds, whatever sandboxes say or do not say."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from firefly.access import Place, Records, Sisters
from firefly.access import sisters as module
from firefly.access.sisters import MOST_PORTS, MOST_SISTERS, Ports
from firefly.audit import Audit
from firefly.errors import Unavailable
from firefly.store import Database
from firefly.testing.bus import MemoryBus
from firefly.testing.clock import ManualClock

DOMAIN = "preview.localhost"
HOST = f"site--ada.{DOMAIN}"


@pytest.fixture
async def project(database: Database) -> UUID:
    project_id = uuid4()
    async with database.connection() as connection:
        query = "insert into accounts (name, display_name) values ('ada', 'Ada') returning id"
        owner = await connection.fetchval(query)
        await connection.execute("insert into projects (id, owner_id, name) values ($1, $2, 'site')", project_id, owner)
    await add_host(database, project_id, HOST)
    return project_id


async def add_host(database: Database, project_id: UUID, host: str, *, port: int | None = None) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "insert into routes (host, kind, target, project_id) values ($1, 'sandbox', $2, $3)",
            host, {"workspace_id": str(uuid4()), "port": port}, project_id,
        )  # fmt: skip


def sisters(database: Database, ports: Ports) -> Sisters:
    records = Records(database, MemoryBus(), Audit(database), ManualClock())
    nothing = cast(Any, None)
    return Sisters(records=records, grants=nothing, passes=nothing, ports=ports, domain=DOMAIN)


async def many(workspace_id: UUID) -> Sequence[int]:
    return range(9000, 9100)


async def silent(workspace_id: UUID) -> Sequence[int]:
    await asyncio.Event().wait()
    return ()


async def broken(workspace_id: UUID) -> Sequence[int]:
    raise Unavailable("It does not answer.")


async def test_ports_that_are_listened_on_come_first_and_are_few(database: Database, project: UUID) -> None:
    for number in range(20):
        await add_host(database, project, f"a{number}.example", port=number + 1)
    found = await sisters(database, many).of(Place(HOST, project, 1))
    assert found[:MOST_PORTS] == [f"{port}--{HOST}" for port in range(9000, 9000 + MOST_PORTS)]
    assert len(found) == MOST_SISTERS
    assert HOST not in found


@pytest.mark.parametrize("ports", [silent, broken])
async def test_a_sandbox_that_does_not_tell_keeps_nobody(
    database: Database, project: UUID, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    await add_host(database, project, "www.example", port=8080)
    async with asyncio.timeout(30):
        assert await sisters(database, ports).of(Place(HOST, project, 1)) == ["www.example"]


async def test_a_custom_domain_has_no_hosts_for_ports(database: Database, project: UUID) -> None:
    """Nobody has certificates or DNS records for them."""
    await add_host(database, project, "www.example")
    found = await sisters(database, many).of(Place("www.example", project, 1))
    assert [host for host in found if not host.endswith(f".{DOMAIN}")] == []


async def test_hosts_of_others_and_former_hosts_are_no_sisters(database: Database, project: UUID) -> None:
    await add_host(database, uuid4(), "other.example")
    await add_host(database, project, "old.example")
    async with database.connection() as connection:
        await connection.execute("update routes set redirect_to = $1 where host = 'old.example'", HOST)
    assert await sisters(database, module.no_ports).of(Place(HOST, project, 1)) == []
