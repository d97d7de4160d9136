"""What a sandbox reaches over the network, and what it does not; and where its addresses come from."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import IPv4Network

import pytest

from firefly.errors import LimitReached
from firefly.sandbox.docker.labels import INSTANCE
from firefly.sandbox.docker.subnets import DatabaseSubnets
from firefly.store import Database
from firefly.testing.clock import ManualClock
from firefly.testing.subnets import MemorySubnets
from tests.sandbox.backends import Ground
from tests.sandbox.conftest import Inside
from tests.support.engine import BEYOND, HERE, METADATA, PRIVATE, PUBLIC, Engine, needs_engine
from tests.support.shown import Shown

LISTEN = """
import socket, threading
def answer():
    while True:
        datagrams.sendto(b"reached", datagrams.recvfrom(100)[1])
with socket.create_server(("", 8080)) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
    datagrams.bind(("", 8080))
    threading.Thread(target=answer, daemon=True).start()
    print("ready", flush=True)
    while True:
        connection, _ = server.accept()
        connection.sendall(b"reached")
        connection.close()
"""
TRY = """
import errno, json, socket
def tried(address, kind):
    with socket.socket(socket.AF_INET, kind) as connection:
        connection.settimeout(2)
        # A datagram's refusal comes back later (IP_RECVERR).
        connection.setsockopt(socket.SOL_IP, 11, 1)
        try:
            connection.connect((address, 8080))
            kind == socket.SOCK_STREAM or connection.send(b"?")
            return connection.recv(100).decode()
        except TimeoutError:
            return "silence"
        except OSError as error:
            return errno.errorcode.get(error.errno, str(error))
found = {{address: tried(address, socket.SOCK_STREAM) for address in {addresses}}}
print(json.dumps([found, {{address: tried(address, socket.SOCK_DGRAM) for address in found}}]))
"""
# All that listen on a network, the machine of the engine among them.
EVERYBODY = "224.0.0.1"


@contextmanager
def listening(command: list[str]) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


async def tried(sandbox: Inside, addresses: list[str]) -> list[dict[str, str]]:
    """What comes of connecting to each, and of a datagram to each."""
    done = await sandbox.python(TRY.format(addresses=addresses))
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


pytestmark = needs_engine


async def test_the_internet_is_reached_and_nothing_private_is(ground: Ground, engine: Engine, shown: Shown) -> None:
    """Neither the engine's machine at any of its addresses, nor private ranges, metadata or another sandbox."""
    sandbox, other = await ground.start(), await ground.start()
    await ground.serve(other, "other", port=8080, host="0.0.0.0")
    found = {one["Labels"][INSTANCE]: one["IPAM"]["Config"][0]["Subnet"] for one in await shown.networks()}
    own, foreign = (IPv4Network(found[one.instance.id]) for one in (sandbox, other))
    # In each the first is the engine's machine, the second the sandbox.
    refused = [str(own[1]), str(foreign[1]), str(foreign[2]), HERE, PRIVATE, METADATA]
    listen = ["python3", "-c", LISTEN]
    with listening(engine.inside(*listen)), listening(engine.beyond(*listen)):
        answers, datagrams = await tried(sandbox, [PUBLIC, BEYOND, *refused, EVERYBODY])
    expected = {BEYOND: "reached", **dict.fromkeys(refused, "EHOSTUNREACH")}
    assert answers == {PUBLIC: "reached", **expected, EVERYBODY: "ENETUNREACH"}
    # Of the address that a datagram came to the answering program knows nothing, and no group gets a refusal.
    assert datagrams == {PUBLIC: "silence", **expected, EVERYBODY: "silence"}
    devices = await sandbox.run("cat /proc/net/if_inet6")
    assert [line.split()[-1] for line in devices.stdout.splitlines()] == ["lo"]
    raw = await sandbox.python("import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)")
    assert "PermissionError" in raw.stderr


async def test_a_network_that_is_in_use_elsewhere_is_passed_over(
    ground: Ground, subnets: MemorySubnets, shown: Shown
) -> None:
    config = {"Name": "a-vpn", "IPAM": {"Config": [{"Subnet": "10.213.0.0/28"}]}}
    async with shown.client.calling() as docker:
        network = await docker.networks.create(config)
    try:
        await ground.start()
        (made,) = await shown.networks()
        assert made["IPAM"]["Config"][0]["Subnet"] == "10.213.0.16/29"
        assert await subnets.taken() == {made["Labels"][INSTANCE]}
    finally:
        await network.delete()


async def test_networks_are_given_once_and_come_back(database: Database, clock: ManualClock) -> None:
    """By two servers at a time; those that others use after a day, and none where all are taken."""
    one, two = (DatabaseSubnets(database, "here", "10.9.0.0/24", clock) for _ in range(2))
    elsewhere = DatabaseSubnets(database, "there", "10.9.0.0/24", clock)
    taken = await asyncio.gather(*((one, two)[n % 2].take(f"run-{n}") for n in range(32)))
    assert {str(network) for network in taken} == {f"10.9.0.{8 * n}/29" for n in range(32)}
    with pytest.raises(LimitReached, match=r"All 32 networks of 10\.9\.0\.0/24"):
        await one.take("late")
    assert str(await elsewhere.take("late")) == "10.9.0.0/29"
    await one.release("run-7")
    await two.block("run-8")
    assert await two.taken() == {f"run-{n}" for n in range(32)} - {"run-7", "run-8"}
    assert await two.take("next") == taken[7]
    with pytest.raises(LimitReached):
        await two.take("later")
    clock.advance(timedelta(days=1, seconds=1).total_seconds())
    assert await one.take("later") == taken[8]
