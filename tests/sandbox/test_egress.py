"""What sandboxes reach of private networks where the operator lets them. IPv6 has no way out at all."""

import asyncio
import errno
import socket

import pytest

from firefly.sandbox.detection import Machine
from firefly.sandbox.netlink import own_addresses
from firefly.sandbox.process import ProcessBackend
from firefly.settings import Settings
from tests.sandbox.conftest import COMMAND, Inside, spec

DIAL = """
import errno, socket
for address in {addresses!r}:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        code = probe.connect_ex((address, 9))
        print(address, errno.errorcode.get(code, "open"))
for address in {asked!r}:
    print(socket.create_connection((address, {port}), timeout=10).recv(100).decode())
"""


async def test_what_is_allowed_is_open_and_all_around_it_closed(settings: Settings, machine: Machine) -> None:
    """The machine's own address, named by itself, up to an answer."""
    own = [str(address) for address in own_addresses()][:1]
    allowed = ("10.1.2.0/24", "169.254.169.254/32", *(f"{address}/32" for address in own))
    backend = ProcessBackend(settings.model_copy(update={"egress_allow": allowed}), machine=machine, bridge=COMMAND)
    await backend.open()
    made = spec(6)
    sandbox = Inside(backend, made, await backend.create(made))
    opened, closed = ("10.1.2.3", "169.254.169.254"), ("10.1.3.1", "169.254.169.253", "10.0.2.2", "192.168.1.1")
    with socket.create_server((own[0] if own else "127.0.0.1", 0)) as server:
        server.setblocking(False)
        probe = DIAL.format(addresses=[*opened, *closed, "2001:db8::1"], asked=own, port=server.getsockname()[1])
        found = await _greeting(server, sandbox, probe, times=len(own))
    await backend.stop(sandbox.instance.id, reason="enough")
    await backend.close()
    lines = found.splitlines()
    told = dict(line.split() for line in lines[:7])
    assert {told[one] for one in opened} == {"open"}
    assert {told[one] for one in closed} == {errno.errorcode[errno.EHOSTUNREACH]}
    assert told["2001:db8::1"] == errno.errorcode[errno.ENETUNREACH]
    assert lines[7:] == ["welcome"] * len(own)


async def _greeting(server: socket.socket, sandbox: Inside, probe: str, *, times: int) -> str:
    """Run `probe` inside, which asks `server` so many times; returns what it prints."""

    async def greet() -> None:
        loop = asyncio.get_running_loop()
        for _ in range(times):
            connection, _ = await loop.sock_accept(server)
            with connection:
                await loop.sock_sendall(connection, b"welcome")

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        greeting = group.create_task(greet())
        found = await sandbox.python(probe)
        if found.code:
            greeting.cancel()
            pytest.fail(found.stderr)
    return found.stdout
