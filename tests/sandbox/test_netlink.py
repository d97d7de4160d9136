"""Raw netlink, in a network namespace of the test's own where that can be had."""

import ctypes
import errno
import os
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network

import pytest

from firefly import privileges
from firefly.sandbox import network
from firefly.sandbox.launch import CLONE_NEWNET
from firefly.sandbox.netlink import Netlink, attribute, device_index, own_addresses


def in_own_namespace(check: Callable[[], bool]) -> int:
    """Run `check` in a child with a network of its own: 0 where it was true, 1 where not, 2 where it raised."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 2
    try:
        privileges.unshare(CLONE_NEWNET)
        code = 0 if check() else 1
    finally:
        os._exit(code)


def error_of(address: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        return probe.connect_ex((address, 9))


def test_attributes_are_padded_to_four_bytes() -> None:
    assert attribute(1, b"abcde") == b"\x09\x00\x01\x00abcde\x00\x00\x00"
    assert len(attribute(1, b"abcd")) == 8


def test_own_addresses_are_those_that_the_machine_uses() -> None:
    found = own_addresses()
    assert IPv4Address("127.0.0.1") not in found
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        if probe.connect_ex(("203.0.113.1", 9)) == 0:
            assert IPv4Address(probe.getsockname()[0]) in found


def test_an_unknown_device_is_an_error() -> None:
    with pytest.raises(OSError, match="No such device") as error:
        device_index("no-such-device")
    assert error.value.errno == errno.ENODEV


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to make a network namespace without a user namespace")
class TestRoutes:
    def test_refused_networks_give_no_route_to_host(self) -> None:
        def check() -> bool:
            network.refuse(network.refused([IPv4Address("192.0.2.2")]))
            addresses = [str(IPv4Network(one)[1]) for one in network.REFUSED if one != "0.0.0.0/8"]
            return {error_of(one) for one in (*addresses, "192.0.2.2")} == {errno.EHOSTUNREACH}

        assert in_own_namespace(check) == 0

    def test_refusing_twice_is_no_error(self) -> None:
        def check() -> bool:
            network.refuse(network.refused())
            network.refuse(network.refused())
            return error_of("10.1.2.3") == errno.EHOSTUNREACH

        assert in_own_namespace(check) == 0

    def test_other_addresses_are_not_touched(self) -> None:
        def check() -> bool:
            network.refuse(network.refused())
            return error_of("203.0.113.1") == errno.ENETUNREACH

        assert in_own_namespace(check) == 0

    def test_what_is_allowed_goes_on_to_the_way_out(self) -> None:
        """Without one here, so that the kernel knows no way; of the networks around it, that it must not."""

        def check() -> bool:
            network.refuse(network.refused([IPv4Address("192.168.7.1")], ["10.1.2.0/24", "192.168.0.0/16"]))
            opened = {error_of(one) for one in ("10.1.2.3", "192.168.7.2")}
            closed = {error_of(one) for one in ("10.1.1.255", "10.1.3.0", "192.168.7.1", "172.16.0.1")}
            return opened == {errno.ENETUNREACH} and closed == {errno.EHOSTUNREACH}

        assert in_own_namespace(check) == 0

    def test_a_device_gets_an_address_and_routes(self) -> None:
        def check() -> bool:
            device = device_index("lo")
            netlink = Netlink()
            netlink.bring_up(device, mtu=9000)
            netlink.add_address(device, IPv4Address("10.0.2.100"))
            netlink.route(IPv4Network("203.0.113.0/24"), device=device)
            netlink.close()
            return error_of("203.0.113.1") == 0 and error_of("198.51.100.1") == errno.ENETUNREACH

        assert in_own_namespace(check) == 0

    def test_a_mistake_raises_what_the_kernel_says(self) -> None:
        def check() -> bool:
            netlink = Netlink()
            try:
                netlink.route(IPv4Network("203.0.113.0/24"), device=4711)
            except OSError as error:
                return error.errno == errno.ENODEV
            return False

        assert in_own_namespace(check) == 0


def test_own_addresses_are_allowed_one_by_one() -> None:
    own = [IPv4Address("192.0.2.2"), IPv4Address("10.0.0.5")]
    assert {"192.0.2.2/32", "10.0.0.5/32"} <= set(network.refused(own, ["10.0.0.0/24", "192.0.2.0/24"]))
    assert "192.0.2.2/32" not in network.refused(own, ["192.0.2.2/32"])


def test_the_way_outs_own_network_stays_closed() -> None:
    assert "10.0.2.0/24" in network.refused((), ["10.0.0.0/8"])


def test_the_ranges_hold_every_private_and_special_network() -> None:
    refused = [IPv4Network(one) for one in network.REFUSED]
    for address in (
        "10.1.2.3",
        "172.31.255.255",
        "192.168.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "255.255.255.255",
    ):
        assert any(IPv4Address(address) in one for one in refused), address
    for address in ("1.1.1.1", "8.8.8.8", "203.0.113.7", "172.32.0.1", "100.128.0.1"):
        assert not any(IPv4Address(address) in one for one in refused), address


def test_sizes_of_c_are_what_the_messages_assume() -> None:
    assert (ctypes.sizeof(ctypes.c_int), ctypes.sizeof(ctypes.c_ushort)) == (4, 2)
