"""A crew of one: what it is told at its start and later, and what happens when it does not come up."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from firefly.access import Policy
from firefly.adapters.door import Sources
from firefly.adapters.listening import Listeners
from firefly.auth import Grant, GrantChecks, Kind, Refusals
from firefly.clock import SystemClock
from firefly.errors import Unavailable
from firefly.proxy import Progress, Step, Tunnels
from firefly.routes import Access, Health, Route, RouteTable, SandboxTarget, Spread
from firefly.settings import Settings
from firefly.testing.dialer import MemoryDialer
from firefly.workers import Crew, feed, member
from tests.proxy.house import HOST, Peer, Recorder, request
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(120)


class NoVisits:
    """Nobody comes with a grant here."""

    def note_ids(self, ids: object) -> None:
        raise AssertionError(ids)


class Policies:
    """Stands for the mirror of a table."""

    def __init__(self) -> None:
        self.known: dict[UUID, Policy] = {}
        self.listeners: list[Any] = []

    def get(self, project_id: UUID) -> Policy | None:
        return self.known.get(project_id)

    def on_change(self, listener: Any) -> None:
        self.listeners.append(listener)

    def put(self, project_id: UUID, policy: Policy) -> None:
        self.known[project_id] = policy
        for listener in self.listeners:
            listener()


@dataclass
class Town:
    crew: Crew
    sources: Sources
    dialer: MemoryDialer
    policies: Policies
    upstream: Recorder
    listener: socket.socket
    target: SandboxTarget

    async def open(self) -> None:
        await self.crew.prepare(Listeners((self.listener,)))
        await self.crew.open()

    async def ask(self, host: str = HOST, **fields: str) -> int:
        peer = Peer(*await asyncio.open_connection(*self.listener.getsockname()))
        peer.send(request(host=host, fields=fields))
        answer = await peer.read_answer()
        await peer.close()
        return answer.status


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    upstream, dialer, policies, target = Recorder(), MemoryDialer(), Policies(), SandboxTarget(uuid4())
    await upstream.open()
    dialer.serve(target, upstream.address)
    table, refusals = RouteTable([Route(HOST, target, uuid4(), Access.PUBLIC)]), Refusals()
    sources = Sources(
        settings=Settings(data_dir=tmp_path / "data"), table=table, refusals=refusals,
        grants=GrantChecks((b"k" * 32,), refusals, SystemClock()), policies=cast(Any, policies),
        visits=cast(Any, NoVisits()),
        opens=cast(Any, None), dialer=dialer, tunnels=Tunnels(), shelf=None,
    )  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Town(Crew(sources, 1), sources, dialer, policies, upstream, listener, target)
        yield made
        await made.crew.close(drain=0, tunnels=0)
        await upstream.close()


async def test_it_begins_with_everything_and_follows_each_change(town: Town) -> None:
    hosts = [f"p{number}--ann.preview.localhost" for number in range(500)]
    project = uuid4()
    town.sources.table.put(*(Route(host, town.target, project, Access.PUBLIC) for host in hosts))
    await town.open()
    assert [await town.ask(host) for host in (HOST, hosts[0], hosts[-1], "none--ann.preview.localhost")] == [
        200, 200, 200, 401,
    ]  # fmt: skip
    town.sources.table.remove(hosts[0])
    town.sources.table.put(Route("new--ann.preview.localhost", town.target, project))
    assert [await town.ask(host) for host in (hosts[0], "new--ann.preview.localhost")] == [401, 401]
    town.policies.put(project, Policy(is_public=True))
    assert await town.ask("new--ann.preview.localhost") == 200


async def test_while_the_server_is_out_of_touch_nothing_private_is_served(town: Town) -> None:
    private = "new--ann.preview.localhost"
    town.sources.table.put(Route(private, town.target, uuid4()))
    await town.open()
    for stale, status in ((True, 503), (False, 401), (True, 503)):
        town.crew.set_stale(stale)

        async def heeded(wanted: int = status) -> bool:
            return await town.ask(private) == wanted

        await eventually(heeded)
        assert [await town.ask(host) for host in (HOST, "none--ann.preview.localhost")] == [200, status]


async def test_who_hears_nothing_from_the_server_serves_nothing_private(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "LOOK_EVERY", 3600)
    private = "new--ann.preview.localhost"
    town.sources.table.put(Route(private, town.target, uuid4()))
    await town.open()

    async def unsure() -> bool:
        return await town.ask(private) == 503

    await eventually(unsure, within=60)
    assert await town.ask() == 200


async def test_a_kept_connection_of_an_instance_that_ended_is_closed(town: Town) -> None:
    await town.open()
    assert await town.ask() == 200
    assert await town.ask() == 200
    assert len(town.upstream.peers) == 1
    town.dialer.serve(town.target, town.upstream.address, instance="two")

    async def moved() -> bool:
        # Asked again and again, it would be kept for ever.
        return await town.ask() == 200 and len(town.upstream.peers) == 2

    await eventually(moved)
    await eventually(lambda: town.target in town.dialer.touched)


async def test_what_a_target_says_when_it_cannot_be_reached_is_told_as_ever(town: Town) -> None:
    town.dialer.serve(town.target, Unavailable("It is on its way."))
    await town.open()
    assert await town.ask() == 503


async def test_one_that_does_not_come_up_is_told(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member, "START", "raise SystemExit(7)")
    with pytest.raises(Unavailable, match="A worker of the front door did not start: exit code 7"):
        await town.open()


async def test_a_spread_goes_to_the_members_that_are_awake_and_well(town: Town) -> None:
    """A sleeping member is not woken while another can answer; health is looked at as without workers."""
    asleep = SandboxTarget(uuid4())
    spread = Spread((town.target, asleep), Health())
    town.sources.table.put(Route(HOST, spread, uuid4(), Access.PUBLIC))
    await town.open()

    async def only_the_one() -> bool:
        statuses = {await town.ask() for _ in range(4)}
        return statuses == {200} and town.target in town.dialer.probed

    await eventually(only_the_one)
    assert asleep not in town.dialer.probed


async def test_a_browser_that_waits_is_told_how_far_the_target_is(town: Town) -> None:
    town.dialer.delay = 30
    await town.open()
    town.dialer.steps[town.target] = Progress(Step.INSTALLING, ready=False)
    peer = Peer(*await asyncio.open_connection(*town.listener.getsockname()))
    peer.send(request(fields={"Accept": "text/html"}))
    assert b"Transfer-Encoding: chunked" in await peer.read_head()
    await eventually(lambda: town.target in town.dialer.looked)
    peer.writer.transport.abort()


async def test_numbers_of_workers_are_told_by_kind(town: Town) -> None:
    await town.open()
    assert await town.ask() == 200
    name = 'front_door_requests_total{kind="preview",visitor="guest",status="2xx"}'
    assert await eventually(lambda: town.crew.numbers.get(name) == 1)
    assert town.crew.numbers["workers"] == 1


async def test_who_lacks_a_grant_is_known_to_all_processes(town: Town) -> None:
    """Told by a worker to the server, and by the server to a worker, which then sends its visitors to the app."""
    hosts, projects = ["one--ann.preview.localhost", "two--ann.preview.localhost"], [uuid4(), uuid4()]
    for host, project in zip(hosts, projects, strict=True):
        town.sources.table.put(Route(host, town.target, project))
    await town.open()
    asked = {"Origin": f"http://{hosts[0]}", "Sec-Fetch-Site": "same-site"}
    assert await town.ask(f"8080--{hosts[0]}", **asked) == 401
    await eventually(lambda: projects[0] in town.sources.missing.rounds)
    grant = Grant.new(
        Kind.LINK, projects[1], 1, source_id=None, account_id=None, session_id=None,
        issued_at=time.time() - 60, ends_at=time.time() + 3600,
    )  # fmt: skip
    visit = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}
    visit["Cookie"] = f"__Host-firefly-grant={town.sources.grants.seal(grant)}"
    assert await town.ask(hosts[1], **visit) == 200
    town.sources.missing.note(projects[1])

    async def is_sent_to_the_app() -> bool:
        return await town.ask(hosts[1], **visit) == 503

    await eventually(is_sent_to_the_app)


async def test_a_report_is_that_of_all_workers(town: Town) -> None:
    await town.open()
    assert await town.ask() == 200
    report = await town.crew.report()
    assert [talker.name for talker in report.hosts] == [HOST]
    assert [slot.kind for slot in report.pool if slot.workspace_id == town.target.workspace_id] == ["preview"]
