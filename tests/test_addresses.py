"""Hosts and ports as settings write them, and who an address stands for."""

import pytest

from firefly.addresses import addresses, host_name, is_address, is_loopback, network_of


@pytest.mark.parametrize(
    ("listen", "found"),
    [
        ("127.0.0.1:8000", [("127.0.0.1", 8000)]),
        ("0.0.0.0:443, [::]:443", [("0.0.0.0", 443), ("::", 443)]),
        ("", []),
    ],
)
def test_several_are_separated_by_commas(listen: str, found: list[tuple[str, int]]) -> None:
    assert addresses(listen) == found


@pytest.mark.parametrize("text", ["host:0", "127.0.0.1:65535", "[::1]:80", " host:80"])
def test_a_host_has_a_port(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize("text", ["", "host", ":80", "host:", "host:65536", "host:http", "::1:80", "host:-1"])
def test_what_is_no_address(text: str) -> None:
    assert not is_address(text)


@pytest.mark.parametrize(
    ("host", "name"), [("a.example:80", "a.example"), ("a.example", "a.example"), ("[::1]:80", "::1"), ("[::1]", "::1")]
)
def test_the_name_has_neither_port_nor_brackets(host: str, name: str) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "app.localhost:1", "127.8.9.1", "[::1]:8000", "[::1]"])
def test_this_machine_is_known_by_name_and_address(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["localhost.example", "notlocalhost", "192.0.2.1:80", "[2001:db8::1]", "127.0.0.1.example"]
)
def test_other_machines_are_not_taken_for_this_one(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        (None, "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_one_customer_is_one_network(address: str | None, network: str) -> None:
    assert network_of(address) == network
