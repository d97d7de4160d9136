"""Hosts and ports as settings write them, and who an address stands for."""

import ipaddress
from collections.abc import Iterable


def addresses(listen: str) -> list[tuple[str, int]]:
    """Hosts and ports of a setting that names addresses, separated by commas."""
    parts = [address.strip().rpartition(":") for address in listen.split(",") if address.strip()]
    return [(host.strip("[]"), int(port)) for host, _, port in parts]


def is_address(text: str) -> bool:
    """Whether `text` is `host:port` or `[address]:port`."""
    host, _, port = text.strip().rpartition(":")
    return bool(host) and port.isdecimal() and int(port) <= 65535 and (":" not in host or host.startswith("["))


def host_name(host: str) -> str:
    """A host without its port, and without the brackets of an address."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def is_number(name: str) -> bool:
    """Whether a host, without port and brackets, is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a host, with or without a port, is this machine for every browser."""
    name = host_name(host.lower())
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def network_of(address: str | None) -> str:
    """What counts as one visitor: an IPv4 address, or the /64 that one customer of a provider gets in IPv6."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Whether `address` is one of these addresses, or in one of these networks; what is no address is in none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in ipaddress.ip_network(network, strict=False) for network in networks)
