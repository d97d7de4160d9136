"""Which addresses an import may reach."""

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firefly.errors import InvalidInput
from firefly.git import AddressPolicy

OUTSIDE = ["1.1.1.1", "8.8.8.8", "2606:4700::1111"]
REFUSED = [
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "fec0::1",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b:1::7f00:1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
]


@pytest.mark.parametrize("address", OUTSIDE)
def test_the_internet_is_open(address: str) -> None:
    assert AddressPolicy().permits(address)


@pytest.mark.parametrize("address", REFUSED)
def test_this_machine_and_private_networks_are_not(address: str) -> None:
    assert not AddressPolicy().permits(address)


def test_a_public_address_of_this_machine_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    bound: list[str] = []

    class Socket(socket.socket):
        def bind(self, address: object) -> None:
            bound.append(str(address))

    monkeypatch.setattr(socket, "socket", Socket)

    assert not AddressPolicy().permits("8.8.8.8")
    assert bound


def test_the_settings_can_open_a_network() -> None:
    policy = AddressPolicy(["10.1.0.0/16", "127.0.0.1"])

    assert policy.permits("10.1.2.3")
    assert policy.permits("127.0.0.1")
    assert not policy.permits("10.2.0.1")
    assert not policy.permits("127.0.0.2")
    assert not policy.lists("8.8.8.8")


def test_a_wrong_setting_is_said() -> None:
    with pytest.raises(InvalidInput, match="FIREFLY_IMPORT_ADDRESSES"):
        AddressPolicy(["10.1.0.0/99"])


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_what_it_stands_for(address: object) -> None:
    policy = AddressPolicy()

    assert policy.permits(f"::ffff:{address}") == policy.permits(str(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0", "::1"])
async def test_names_of_this_machine_are_refused_with_the_setting(host: str) -> None:
    with pytest.raises(InvalidInput, match=r"this machine|no host"):
        await AddressPolicy().resolve(host, 443)


async def test_one_refused_address_among_several_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lookup(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", ("1.1.1.1", 443)), (2, 1, 6, "", ("127.0.0.1", 443))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
    with pytest.raises(InvalidInput, match="this machine"):
        await AddressPolicy().resolve("rebinding.example", 443)


async def test_an_unknown_host_is_said() -> None:
    with pytest.raises(InvalidInput, match="no host"):
        await AddressPolicy().resolve("does-not-exist.invalid", 443)
