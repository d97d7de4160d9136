"""Applications that do not listen where they are expected: noticed by what they do, with real processes."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from firefly.bridge.application import arrival
from firefly.bridge.application.stillness import Stillness
from firefly.bridge.output import Output
from firefly.bridge.process import Running as Command
from firefly.bridge.process import running as started
from firefly.clock import SystemClock
from firefly.protocol.application import LISTEN, State
from tests.bridge.conftest import Running
from tests.bridge.test_application import running, status_that
from tests.bridge.test_published import of
from tests.support.ports import free_port
from tests.support.waiting import eventually

# All of its ports are seen to be open at one time: they are opened in another session, and handed over.
LISTENING = """
import os, signal, socket, sys
ours, theirs = socket.socketpair()
if os.fork() == 0:
    os.setsid()
    kept = [socket.create_server(("127.0.0.1", int(port))) for port in sys.argv[1:]]
    socket.send_fds(theirs, [b"x"], [one.fileno() for one in kept])
    os._exit(0)
kept = socket.recv_fds(ours, 1, len(sys.argv))
signal.pause()
"""
# What listens on one port, and on another one when it is told to.
TWO = """
import pathlib, socket, sys, time
kept = [socket.create_server(("127.0.0.1", int(sys.argv[1])))]
while not pathlib.Path("go").exists():
    time.sleep(0.05)
kept.append(socket.create_server(("127.0.0.1", int(sys.argv[2]))))
time.sleep(1000)
"""


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "_OTHER_PORT_AFTER", 0.0)
    monkeypatch.setattr(arrival, "STILL", 0.5)
    monkeypatch.setattr(arrival, "STILL_ELSEWHERE", 0.2)


@pytest.mark.usefixtures("hasty")
async def test_one_that_does_nothing_is_told_as_such_and_comes_all_the_same(house: Running) -> None:
    port = house.environment.port
    (house.tree / "late.py").write_text(LISTENING)
    run = ["until test -e go; do sleep 1; done", f"exec {sys.executable} late.py {port}"]
    await house.client.configure(of(run=run))
    stalled = await status_that(house, lambda status: status.stalled)
    assert (stalled.state, stalled.port) == (State.STARTING, port)
    assert stalled.reason == f"Nothing listens on port {port}, and nothing has happened for 0 s. {LISTEN}"
    (house.tree / "go").touch()
    status = await running(house)
    assert (status.stalled, status.reason) == (False, f"Running on port {port}.")


@pytest.mark.usefixtures("hasty")
async def test_several_ports_of_which_none_is_meant_are_named(house: Running) -> None:
    ports = sorted({free_port(), free_port(), house.environment.port} - {house.environment.port})
    (house.tree / "server.py").write_text(LISTENING)
    await house.client.configure(of(run=[f"exec {sys.executable} server.py {' '.join(map(str, ports))}"]))
    stalled = await status_that(house, lambda status: status.stalled)
    assert stalled.reason == (
        f"It listens on the ports {ports[0]} and {ports[1]}, and not on $PORT, which is {house.environment.port}. "
        "Give the one that is to be shown as `port` in firefly.yml."
    )


@pytest.mark.usefixtures("hasty")
async def test_the_port_that_was_meant_counts_also_when_it_is_opened_second(house: Running) -> None:
    port, other = house.environment.port, free_port()
    (house.tree / "server.py").write_text(TWO)
    await house.client.configure(of(run=[f"exec {sys.executable} server.py {other} {port}"]))
    first = await running(house)
    assert (first.port, "does not listen on $PORT" in first.reason) == (other, True)
    (house.tree / "go").touch()
    assert (await status_that(house, lambda status: status.port == port)).reason == f"Running on port {port}."


@asynccontextmanager
async def watched(script: str, folder: Path) -> AsyncIterator[tuple[Command, Stillness]]:
    output = Output(SystemClock())
    argv = [sys.executable, "-Suc", script]
    async with started(argv, cwd=folder, env={}, sink=output.feed) as command:
        yield command, Stillness(command.pid, output, alone=False)


@pytest.mark.parametrize("script", ["while True: pass", "import time\nwhile not time.sleep(0.05): print('at work')"])
async def test_who_works_or_prints_is_not_still(script: str, tmp_path: Path) -> None:
    async with watched(script, tmp_path) as (_, stillness):
        for _ in range(10):
            await asyncio.sleep(0.1)
            lasted = await asyncio.to_thread(stillness.lasts)
        assert lasted < 0.5


async def test_who_waits_for_another_machine_is_not_still(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("This machine has no address but the loopback's.")
        address = probe.getsockname()[0]
    with socket.create_server((address, 0)) as server:
        script = f"import socket, signal; kept = socket.create_connection({server.getsockname()}); signal.pause()"
        async with watched(script, tmp_path) as (_, stillness):
            connection, _ = await asyncio.get_running_loop().sock_accept(_non_blocking(server))
            with connection:
                assert await asyncio.to_thread(stillness.lasts) < 0.5
                await asyncio.sleep(0.6)
                assert await asyncio.to_thread(stillness.lasts) < 0.5
            # Its end of the connection is closing now: nobody is there that it could wait for.
            await eventually(lambda: stillness.lasts() > 0.6)


def _non_blocking(server: socket.socket) -> socket.socket:
    server.setblocking(False)
    return server
