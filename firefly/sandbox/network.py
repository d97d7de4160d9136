"""The network of a sandbox: which addresses it never reaches, and its way out through slirp4netns.

Standard library only: runs in the supervisor, joined to the sandbox's network namespace.
"""

from ipaddress import IPv4Address, IPv4Network

from .netlink import Netlink, device_index

DEVICE = "tap0"
ADDRESS, GATEWAY, NAME_SERVER = IPv4Address("10.0.2.100"), IPv4Address("10.0.2.2"), IPv4Address("10.0.2.3")
MTU = 65520
ANYWHERE = IPv4Network("0.0.0.0/0")

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


def refuse(extra: list[str]) -> None:
    """Refuse every range above and each address in `extra`. Before anything else runs in the namespace."""
    netlink = Netlink()
    try:
        for network in (*REFUSED, *extra):
            netlink.refuse(IPv4Network(network))
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
