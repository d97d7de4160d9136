"""The network of a sandbox: which addresses it never reaches, and its way out through slirp4netns.

Standard library only: runs in the supervisor, joined to the sandbox's network namespace.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network

from .netlink import Netlink, device_index

DEVICE = "tap0"
ADDRESS, GATEWAY, NAME_SERVER = IPv4Address("10.0.2.100"), IPv4Address("10.0.2.2"), IPv4Address("10.0.2.3")
MTU = 65520
ANYWHERE = IPv4Network("0.0.0.0/0")
# slirp4netns's own, in which it answers for this machine.
INNER = IPv4Network("10.0.2.0/24")

# Private, shared, link-local (cloud metadata among them), benchmarking, multicast and reserved ranges: RFC 6890.
REFUSED = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
)


def refused(own: Iterable[IPv4Address] = (), allowed: Iterable[str] = ()) -> list[str]:
    """The networks to refuse: every range above but what is allowed in it, and this machine's `own` addresses.

    Of those only the ones that are allowed by themselves are open, not what lies in a network that is.
    """
    open_ones = set(map(IPv4Network, allowed))
    closed = set(map(IPv4Network, REFUSED))
    for one in open_ones:
        closed = {rest for network in closed for rest in _without(network, one)}
    closed |= {INNER, *map(IPv4Network, own)} - open_ones
    return list(map(str, sorted(closed)))


def _without(network: IPv4Network, part: IPv4Network) -> Iterable[IPv4Network]:
    if part.supernet_of(network):
        return ()
    return network.address_exclude(part) if part.subnet_of(network) else (network,)


def refuse(networks: Iterable[str]) -> None:
    """Let no packet to these leave. Before anything else runs in the namespace."""
    netlink = Netlink()
    try:
        netlink.refuse(networks)
    finally:
        netlink.close()


def open_way_out() -> None:
    """Configure the device that slirp4netns made. Only its name server is reached of its own network."""
    device = device_index(DEVICE)
    netlink = Netlink()
    try:
        netlink.bring_up(device, mtu=MTU)
        netlink.add_address(device, ADDRESS)
        netlink.route(IPv4Network(NAME_SERVER), device=device)
        netlink.route(ANYWHERE, device=device, gateway=GATEWAY)
    finally:
        netlink.close()
