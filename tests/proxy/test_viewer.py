"""A browser that waits: a page that grows while its target is on its way, and replaces itself in the end."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from firefly.errors import SandboxFailed, Unavailable
from firefly.proxy import Limits, Progress, Step, Verdict, parts, progress, viewer
from firefly.routes import Target
from firefly.testing.dialer import MemoryDialer
from tests.support.waiting import eventually

from .house import HOST, House, Peer, request

BROWSER = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
ASKED: dict[str, Any] = {name.replace("-", "_"): value for name, value in BROWSER.items()}
REFRESH = b'<meta http-equiv="refresh" content="0">'


class Sleeping(MemoryDialer):
    """What is dialed comes when `arrived` is set: well, or with `failure`."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived = asyncio.Event()
        self.failure: Exception | None = None

    def instance(self, target: Target) -> str | None:
        return super().instance(target) if self.arrived.is_set() and self.failure is None else None

    def is_awake(self, target: Target) -> bool:
        return self.arrived.is_set()

    async def dial(self, target: Target) -> tuple[str, socket.socket]:
        self.dialed.append(target)
        await self.arrived.wait()
        if self.failure is not None:
            raise self.failure
        return "one", await self._connect(target)


class Dark:
    """A front door before a target that sleeps."""

    def __init__(self, house: House, dialer: Sleeping) -> None:
        self.house = house
        self.dialer = dialer
        self.seen = b""

    async def open(self, **fields: str) -> Peer:
        """A browser that looks at the page; returns once the page has begun."""
        client = await self.house.client()
        client.send(request(fields={**BROWSER, **fields}))
        self.seen = await client.read_head()
        assert b" 503 " in self.seen.split(b"\r\n", 1)[0]
        assert b"Transfer-Encoding: chunked" in self.seen
        return client

    async def read_until(self, client: Peer, text: bytes) -> bytes:
        async with asyncio.timeout(30):
            while text not in self.seen:
                data = await client.reader.read(1 << 16)
                assert data, self.seen
                self.seen += data
        return self.seen

    async def end(self, client: Peer) -> bytes:
        return await self.read_until(client, b"\r\n0\r\n\r\n")

    def tell(self, step: Step, detail: str = "", *, ready: bool = False) -> None:
        self.dialer.steps[self.house.target] = Progress(step, detail, ready)


async def make(folder: Path, **limits: float) -> Dark:
    dialer = Sleeping()
    house = House(folder, dialer=dialer, limits=Limits(page_after=0, **limits))  # type: ignore[arg-type]
    await house.open()
    return Dark(house, dialer)


@pytest.fixture
async def dark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Dark]:
    monkeypatch.setattr(progress, "EVERY", 0.05)
    monkeypatch.setattr(viewer, "EVERY", 0.05)
    made = await make(tmp_path)
    yield made
    await made.house.close()


async def test_a_member_sees_each_step_and_what_was_printed_last(dark: Dark) -> None:
    dark.tell(Step.SANDBOX)
    client = await dark.open()
    await dark.read_until(client, b"Starting the sandbox")
    dark.tell(Step.INSTALLING, "added 1 <package>")
    await dark.read_until(client, b"<code>added 1 &lt;package&gt;</code>")
    assert b"<li><b>Starting the sandbox</b> <time>" in dark.seen
    dark.tell(Step.APPLICATION)
    await dark.read_until(client, b"<li><b>Installing dependencies</b>")


async def test_the_page_replaces_itself_once_the_target_serves_and_nothing_is_dialed_twice(dark: Dark) -> None:
    client = await dark.open()
    dark.dialer.arrived.set()
    await dark.end(client)
    assert REFRESH in dark.seen
    client.send(request("/again", fields=BROWSER))
    assert (await client.read_answer()).body == b"GET /again HTTP/1.1"
    assert dark.dialer.dialed == [dark.house.target]
    assert dark.house.upstream.requests == ["GET /again"]


async def test_a_guest_reads_only_that_it_is_on_its_way(dark: Dark) -> None:
    dark.house.gate.default = Verdict.ALLOW
    dark.tell(Step.INSTALLING, "a secret")
    client = await dark.open()
    await dark.read_until(client, b"<b>On its way</b> <time>1 s")
    dark.dialer.failure = SandboxFailed("It stopped: a reason.", output="a secret")
    dark.dialer.arrived.set()
    await dark.end(client)
    assert b"Not running" in dark.seen
    for told in (b"secret", b"reason", b"Installing"):
        assert told not in dark.seen


async def test_a_member_sees_why_it_crashed_and_the_page_stays(dark: Dark) -> None:
    client = await dark.open()
    dark.dialer.failure = SandboxFailed("It stopped: a reason.", output="Traceback <x>")
    dark.dialer.arrived.set()
    await dark.end(client)
    assert b"The application stopped" in dark.seen
    assert b"It stopped: a reason." in dark.seen
    assert b"Traceback &lt;x&gt;" in dark.seen
    assert b"refresh" not in dark.seen


async def test_too_many_starts_at_once_are_asked_again_when_it_helps(dark: Dark) -> None:
    client = await dark.open()
    dark.dialer.failure = Unavailable("Others start.", retry_after=3)
    dark.dialer.is_awake = lambda target: False  # type: ignore[method-assign]
    dark.dialer.arrived.set()
    assert b'content="3"' in await dark.end(client)


@pytest.mark.parametrize("failure", [ConnectionRefusedError(), Unavailable("Nothing listens on port 3000.")])
async def test_a_port_that_is_not_open_yet_is_looked_at_without_being_dialed(dark: Dark, failure: Exception) -> None:
    dark.dialer.failure = failure
    dark.dialer.arrived.set()
    dark.tell(Step.PORT, "Nothing listens on port 3000.")
    client = await dark.open()
    await dark.read_until(client, b"Waiting for the port to open")
    looked = len(dark.dialer.looked)
    await eventually(lambda: len(dark.dialer.looked) > looked + 2)
    assert (len(dark.dialer.dialed), dark.dialer.touched) == (1, [])
    dark.tell(Step.PORT, ready=True)
    assert REFRESH in await dark.end(client)


async def test_a_page_that_waited_in_vain_asks_no_more(tmp_path: Path) -> None:
    """Each asking is activity: a forgotten page would keep a broken sandbox awake for ever."""
    dark = await make(tmp_path, wake_time=0.5)
    try:
        dark.dialer.failure = ConnectionRefusedError()
        dark.dialer.arrived.set()
        await dark.end(await dark.open())
        assert b"Nothing answers yet" in dark.seen
        assert b"refresh" not in dark.seen
    finally:
        await dark.house.close()


async def test_a_start_that_takes_long_goes_on_in_a_new_page(tmp_path: Path) -> None:
    dark = await make(tmp_path, wake_time=0.5)
    try:
        assert b'content="1"' in await dark.end(await dark.open())
        context = dark.house.door._context
        assert len(context.left) == 1
        assert context.viewers == set()
    finally:
        await dark.house.close()


@pytest.mark.parametrize("old", ["HTTP/1.0", "HEAD"])
async def test_who_cannot_be_shown_such_a_page_gets_a_plain_one(dark: Dark, old: str) -> None:
    client = await dark.house.client()
    sent = request(fields=BROWSER)
    client.send(sent.replace(b"HTTP/1.1", b"HTTP/1.0") if old == "HTTP/1.0" else sent.replace(b"GET", b"HEAD"))
    answer = await client.read_answer(bodiless=old == "HEAD")
    assert (answer.status, answer.fields["retry-after"]) == (503, "1")
    assert "content-length" in answer.fields


async def test_programs_wait(dark: Dark) -> None:
    client = await dark.house.client()
    client.send(request(fields={"Accept": "*/*"}))
    await eventually(lambda: dark.dialer.dialed)
    dark.dialer.arrived.set()
    assert (await client.read_answer()).status == 200


async def test_no_more_browsers_than_agreed_look_at_one_target(dark: Dark, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer, "MOST_OF_TARGET", 1)
    await dark.open()
    assert "content-length" in (await dark.house.ask(**ASKED)).fields


async def test_a_page_has_no_more_bytes_than_agreed(dark: Dark, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer, "MOST_BYTES", 10)
    assert REFRESH in await dark.end(await dark.open())


async def test_many_who_look_are_one_question(dark: Dark) -> None:
    clients = [await dark.open() for _ in range(5)]
    before = len(dark.dialer.looked)
    await eventually(lambda: len(dark.dialer.looked) >= before + 4)
    assert set(dark.dialer.looked) == {dark.house.target}
    assert len(dark.house.door._context.watches._of) == 1
    for client in clients:
        client.writer.transport.abort()


async def test_whoever_leaves_is_forgotten(dark: Dark) -> None:
    await dark.open()
    context = dark.house.door._context
    for connection in list(context.viewers):
        connection.transport.abort()
    await eventually(lambda: not context.viewers and not context.watches._of and not context.held)
    numbers = dark.house.door.numbers()
    assert numbers['front_door_requests_total{kind="preview",visitor="member",status="4xx"}'] == 1


async def test_when_access_is_taken_away_the_gate_decides_anew(dark: Dark) -> None:
    client = await dark.open()
    dark.house.gate.default = Verdict.REFUSE
    dark.house.door.cut(lambda holder: False)
    assert REFRESH in await dark.end(client)
    client.send(request(fields=BROWSER))
    assert (await client.read_answer()).status == 401


async def test_the_page_of_a_host_that_is_gone_ends(dark: Dark) -> None:
    client = await dark.open()
    dark.house.table.remove(HOST)
    assert REFRESH in await dark.end(client)
    client.send(request(fields=BROWSER))
    assert (await client.read_answer()).status != 503


async def test_a_server_that_stops_lets_pages_end(dark: Dark) -> None:
    client = await dark.open()
    closing = asyncio.create_task(dark.house.door.close(drain=30))
    assert REFRESH in await dark.end(client)
    await closing


async def test_strangers_never_see_it(dark: Dark) -> None:
    dark.house.gate.default = Verdict.REFUSE
    answer = await dark.house.ask(**ASKED)
    assert (answer.status, dark.dialer.dialed, dark.dialer.looked) == (401, [], [])


async def test_it_is_small_self_contained_and_never_kept(dark: Dark) -> None:
    client = await dark.open()
    await dark.read_until(client, b"<b>On its way</b>")
    page = dark.seen.decode()
    assert "Cache-Control: no-store" in page
    assert len(page) < 5000
    assert not re.search(r"<script|src=|http:", page.partition("\r\n\r\n")[2])
    for rule in ("prefers-color-scheme:dark", "prefers-reduced-motion:no-preference"):
        assert rule in page


async def test_a_target_that_cannot_be_asked_is_still_waited_for(dark: Dark, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(target: Target) -> Progress:
        raise Unavailable("The bridge does not answer.")

    monkeypatch.setattr(dark.dialer, "progress", broken)
    client = await dark.open()
    await dark.read_until(client, b"<time>1 s")
    dark.dialer.arrived.set()
    assert REFRESH in await dark.end(client)


@pytest.mark.parametrize(("seconds", "told"), [(0.9, "0 s"), (59.9, "59 s"), (65, "1 min 5 s")])
def test_how_long_it_takes(seconds: float, told: str) -> None:
    assert parts.duration(seconds) == told
