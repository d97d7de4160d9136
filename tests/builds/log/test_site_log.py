"""What sites print: fetched from where they run, kept up to a bound, shown to whoever watches."""

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from firefly.builds.log import SiteLog, site_log
from firefly.builds.log.pieces import Line as Stored
from firefly.builds.log.pieces import Piece
from firefly.builds.log.reading import read
from firefly.builds.model import Build
from firefly.bus import Bus
from firefly.errors import Unavailable
from firefly.protocol.application import Line, Stream
from firefly.store import Database
from tests.builds.yard import Yard


class Sandbox:
    """What it printed; `runs` and `answers` as its backend has it."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.runs = self.answers = True
        self.hangs = False
        self.seq = 1000

    def print(self, *texts: str, stream: Stream = Stream.OUT) -> None:
        for text in texts:
            self.seq += 1
            self.lines.append(Line(seq=self.seq, time=datetime.now(UTC), stream=stream, text=text))

    async def output(self, _workspace: UUID, after: int | None) -> list[Line]:
        if self.hangs:
            await asyncio.get_running_loop().create_future()
        if not self.answers:
            raise Unavailable("It does not answer.")
        return [line for line in self.lines if after is None or line.seq > after]


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture
async def sites(build: Build, yard: Yard, database: Database, bus: Bus, sandbox: Sandbox) -> SiteLog:
    workspace_id = uuid4()
    await yard.execute("insert into workspaces (id) values ($1)", workspace_id)
    await yard.execute(
        "insert into sites (id, project_id, build_id, shows, ref, label, workspace_id, state, created_at)"
        " values ($1, $2, $1, 'ref', 'refs/heads/main', 'x', $3, 'live', now())",
        build.id, build.project_id, workspace_id,
    )  # fmt: skip
    return SiteLog(database, bus, output=sandbox.output, running=lambda: [workspace_id] if sandbox.runs else [])


async def texts(sites: SiteLog, build: Build, **more: int) -> list[str]:
    return [line.text for line in (await sites.page(build.id, **more)).lines]


async def test_what_a_site_prints_is_kept_once(sites: SiteLog, build: Build, sandbox: Sandbox) -> None:
    sandbox.print("one", "two")
    sandbox.print("oops", stream=Stream.ERR)
    await sites.look()
    await sites.look()
    sandbox.answers = False
    await sites.look()
    sandbox.answers = True
    sandbox.seq += 5000
    sandbox.print("three")
    await sites.look()
    sandbox.runs = False
    sandbox.print("unheard")
    await sites.look()
    page = await sites.page(build.id, limit=3)
    assert [(line.n, line.stream, line.text) for line in page.lines] == [
        (1, "out", "one"), (2, "out", "two"), (3, "err", "oops"),
    ]  # fmt: skip
    assert abs(page.lines[0].at / 1000 - datetime.now(UTC).timestamp()) < 60
    assert page.cursor == 3
    assert await texts(sites, build, after=3) == ["three"]


async def test_a_sandbox_that_says_what_cannot_be_stored_ends_nothing(
    sites: SiteLog, build: Build, sandbox: Sandbox
) -> None:
    sandbox.lines.append(Line(seq=1, time=datetime.min.replace(tzinfo=UTC), stream=Stream.OUT, text="\ud800"))
    await sites.look()
    sandbox.lines = [Line.model_construct(seq=2, time=None, stream=Stream.OUT, text="odd")]  # type: ignore[arg-type]
    await sites.look()
    sandbox.lines.clear()
    sandbox.print("even")
    sandbox.lines[0] = sandbox.lines[0].model_copy(update={"seq": 10})
    await sites.look()
    assert (await texts(sites, build))[-1] == "even"


async def test_one_that_never_answers_keeps_up_no_other(
    sites: SiteLog, build: Build, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.print("one")
    sandbox.hangs = True
    with monkeypatch.context() as impatient:
        impatient.setattr(site_log, "PATIENCE", 0.1)
        async with asyncio.timeout(30):
            await sites.look()
    sandbox.hangs = False
    await sites.look()
    assert await texts(sites, build) == ["one"]


async def test_only_the_newest_are_kept(
    sites: SiteLog, build: Build, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_log, "MOST", 20_000)
    for number in range(50):
        sandbox.print("x" * 1000 + str(number))
        await sites.look()
    told, *kept = await texts(sites, build)
    assert "are not kept" in told
    assert kept[-1].endswith("49")
    assert 10 <= len(kept) <= 20


async def test_of_ever_so_many_empty_lines_few_are_kept(
    sites: SiteLog, build: Build, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_log, "MOST", 50_000)
    for _ in range(8):
        sandbox.print(*[""] * 1000)
        await sites.look()
    assert 1000 <= len((await sites.page(build.id, limit=10_000)).lines) <= 4000


async def test_what_is_read_of_one_is_made_ready_beside_the_loop(
    sites: SiteLog, build: Build, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.print("one")
    await sites.look()
    threads = [threading.get_ident()]

    def noted(pieces: Sequence[Piece], after: int) -> Iterator[Stored]:
        threads.append(threading.get_ident())
        return read(pieces, after)

    monkeypatch.setattr(site_log, "read", noted)
    assert await texts(sites, build) == ["one"]
    async with asyncio.timeout(30), aclosing(sites.follow(build.id, 0)) as parts:
        assert b'"one"' in await anext(parts)
    assert len(threads) >= 3
    assert threads[0] not in threads[1:]


async def test_whoever_watches_sees_it_soon(
    sites: SiteLog, build: Build, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_log, "WATCHED_EVERY", 0.02)
    sandbox.print("before")
    await sites.look()
    running = asyncio.create_task(sites.run())
    seen: list[str] = []
    async with asyncio.timeout(30), aclosing(sites.follow(build.id, 0)) as parts:
        async for part in parts:
            fields = dict(line.split(": ", 1) for line in part.decode().strip().split("\n"))
            seen += [line["text"] for line in json.loads(fields["data"])]
            if "after" in seen:
                break
            sandbox.print("after")
    assert seen == ["before", "after"]
    running.cancel()
    await asyncio.wait({running})
