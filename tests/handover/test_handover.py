"""The two sides of a hand-over, step by step: who may ask, in what order, and what a step that fails undoes."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from firefly.adapters.listening import Listeners
from firefly.errors import Conflict, TimedOut, Unavailable
from firefly.handover import Handover, Predecessor, handover, predecessor
from firefly.handover.handover import Holdings, Successor
from tests.support.waiting import eventually


@dataclass
class Books(Holdings):
    """Notes what is let go of and taken back."""

    steps: list[str] = field(default_factory=list)
    successor: Successor | None = None
    refusal: Exception | None = None
    wait: asyncio.Event | None = None

    async def let_go(self, successor: Successor) -> None:
        self.successor = successor
        if self.wait is not None:
            await self.wait.wait()
        if self.refusal is not None:
            raise self.refusal
        self.steps.append("let go")

    async def take_back(self) -> None:
        self.steps.append("taken back")


@dataclass
class Server:
    folder: Path
    handover: Handover
    books: Books
    listener: socket.socket
    handed: list[socket.socket] = field(default_factory=list)

    async def sockets(self, successor: Predecessor) -> Listeners:
        """What `successor` gets; closed at the end."""
        found = await successor.sockets()
        self.handed += (*found.door, *found.plain)
        return found

    async def found(self) -> Predecessor:
        made = await Predecessor.find(self.folder)
        assert made is not None
        return made


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as door, socket.create_server(("127.0.0.1", 0)) as plain:
        books = Books()
        made = Server(tmp_path, Handover(tmp_path, Listeners((door,), (plain,)), books), books, door)
        await made.handover.open()
        yield made
        await made.handover.close()
        for one in made.handed:
            one.close()


async def test_a_server_hands_over_step_by_step(server: Server) -> None:
    found = await server.found()
    assert found.pid == os.getpid()
    sockets = await server.sockets(found)
    assert [one.getsockname() for one in sockets.door] == [server.listener.getsockname()]
    assert len(sockets.plain) == 1
    # One that blocked would block in every process that has it, for as long as nobody connects.
    assert not any(os.get_blocking(one.fileno()) for one in (*sockets.door, *sockets.plain, server.listener))
    await found.let_go()
    assert server.books.steps == ["let go"]
    assert server.books.successor is not None

    async def ensure(name: str) -> str:
        return f"{name} runs"

    touched: list[str] = []
    asked = asyncio.create_task(server.books.successor.call("ensure", "shop"))
    server.books.successor.note("touch", "early")
    found.here({"ensure": ensure}, {"touch": touched.append})
    assert await asked == "shop runs"
    server.books.successor.note("touch", "shop")
    await eventually(lambda: touched == ["early", "shop"])
    found.taken_over()
    await asyncio.wait_for(server.handover.taken_over.wait(), 30)
    found.close()
    await asyncio.wait_for(server.handover.forsaken(), 30)
    assert server.books.steps == ["let go"]


async def test_one_successor_at_a_time(server: Server) -> None:
    first, second = await server.found(), await server.found()
    await server.sockets(first)
    with pytest.raises(Conflict, match=f"Process {os.getpid()} is taking over already"):
        await server.sockets(second)
    with pytest.raises(Conflict):
        await second.let_go()
    first.close()
    await eventually(lambda: server.handover._successor is None)
    await server.sockets(second)
    assert server.books.steps == []
    second.close()


async def test_a_successor_that_goes_half_way_gives_everything_back(server: Server) -> None:
    found = await server.found()
    await server.sockets(found)
    await found.let_go()
    assert server.books.successor is not None
    asked = asyncio.create_task(server.books.successor.call("ensure", "shop"))
    found.close()
    await eventually(lambda: server.books.steps == ["let go", "taken back"])
    with pytest.raises(Unavailable):
        await asked
    assert not server.handover.taken_over.is_set()
    again = await server.found()
    await server.sockets(again)
    await again.let_go()
    assert server.books.steps == ["let go", "taken back", "let go"]
    again.close()


async def test_one_that_goes_while_all_is_let_go_of_gives_it_back_too(server: Server) -> None:
    server.books.wait = asyncio.Event()
    found = await server.found()
    await server.sockets(found)
    asked = asyncio.create_task(found.let_go())
    await eventually(lambda: server.books.successor)
    found.close()
    with pytest.raises(Conflict, match="has ended"):
        await asked
    server.books.wait.set()
    await eventually(lambda: server.books.steps == ["let go", "taken back"])


async def test_what_cannot_be_let_go_of_is_told_in_a_sentence(server: Server) -> None:
    server.books.refusal = TimedOut("A sandbox is starting.")
    found = await server.found()
    await server.sockets(found)
    with pytest.raises(Conflict, match=r"process \d+\) does not hand over\. A sandbox is starting\."):
        await found.let_go()
    found.close()
    await eventually(lambda: server.handover._successor is None)
    assert server.books.steps == []


async def test_a_server_that_does_not_answer_is_told_in_a_sentence(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predecessor, "LET_GO_LIMIT", 0.05)
    server.books.wait = asyncio.Event()
    found = await server.found()
    await server.sockets(found)
    with pytest.raises(Conflict, match="does not answer"):
        await found.let_go()
    server.books.wait.set()
    found.close()


async def test_another_version_is_told_in_a_sentence(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "VERSION", 1000)
    found = await server.found()
    with pytest.raises(Conflict, match=r"hands over in another way than this one\. Stop it"):
        await server.sockets(found)
    found.close()


async def test_nobody_is_found_where_nobody_serves(server: Server) -> None:
    await server.handover.close()
    assert await Predecessor.find(server.folder) is None
    # As a server leaves it that was killed.
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(server.folder / "control.sock"))
    assert await Predecessor.find(server.folder) is None


async def test_whoever_came_after_keeps_the_socket(server: Server) -> None:
    later = Handover(server.folder, Listeners(()), Books())
    await later.open()
    await server.handover.close()
    found = await Predecessor.find(server.folder)
    assert found is not None
    found.close()
    await later.close()
    assert await Predecessor.find(server.folder) is None


STRANGER = """
import os, socket, sys
os.setgid(65534); os.setuid(65534)
s = socket.socket(socket.AF_UNIX)
s.settimeout(30)
s.connect("control.sock")
sys.stdout.write(repr(s.recv(1)))
"""


@pytest.mark.root
async def test_another_user_is_turned_away(server: Server) -> None:
    """Even one to whom the file itself were open."""
    (server.folder / "control.sock").chmod(0o666)
    server.folder.chmod(0o755)
    done = await asyncio.to_thread(
        subprocess.run, (sys.executable, "-c", STRANGER), capture_output=True, text=True, timeout=30,
        cwd=server.folder,
    )  # fmt: skip
    assert done.stdout == "b''", done.stderr


@pytest.mark.root
async def test_a_socket_of_another_user_is_not_believed(server: Server) -> None:
    os.chown(server.folder / "control.sock", 65534, 65534)
    with pytest.raises(Conflict, match="belongs to another user"):
        await Predecessor.find(server.folder)
