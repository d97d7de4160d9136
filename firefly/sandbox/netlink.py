"""Routes and addresses of a network namespace by raw netlink: no iproute2, the standard library only.

Runs in the supervisor, in the namespace that it configures. Message layouts: rtnetlink(7).
"""

import fcntl
import os
import socket
import struct
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network

RTM_NEWLINK, RTM_NEWADDR, RTM_GETADDR, RTM_NEWROUTE = 16, 20, 22, 24
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP, NLM_F_REPLACE, NLM_F_CREATE = 1, 4, 0x300, 0x100, 0x400
NLMSG_ERROR, NLMSG_DONE = 2, 3
RTN_UNICAST, RTN_UNREACHABLE = 1, 7
RT_TABLE_MAIN, RTPROT_STATIC, RTNH_F_ONLINK = 254, 4, 4
RTA_DST, RTA_OIF, RTA_GATEWAY = 1, 4, 5
IFA_ADDRESS, IFA_LOCAL, IFLA_MTU = 1, 2, 4
IFF_UP = 1
SIOCGIFINDEX = 0x8933
ANSWER_SIZE, ACKNOWLEDGEMENT_SIZE = 1 << 16, 4096


def attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return struct.pack("HH", length, kind) + value + bytes(-length % 4)


class Netlink:
    """A connection to the kernel's routing tables in the namespace where it was made."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._sequence = 0

    def close(self) -> None:
        self._socket.close()

    def _request(self, kind: int, flags: int, bodies: Sequence[bytes]) -> None:
        """Send messages at once and wait until the kernel has carried all of them out. Raises OSError."""
        self._send(kind, NLM_F_REQUEST | NLM_F_ACK | flags, *bodies)
        for _ in bodies:
            answer = self._socket.recv(ACKNOWLEDGEMENT_SIZE)
            _length, answer_kind = struct.unpack_from("IH", answer)
            (code,) = struct.unpack_from("i", answer, 16)
            if answer_kind != NLMSG_ERROR or code:
                raise OSError(-code, f"netlink message {kind}: {os.strerror(-code)}")

    def dump(self, kind: int, body: bytes) -> Iterable[tuple[int, bytes]]:
        """Ask for a whole table: pairs of message kind and body."""
        self._send(kind, NLM_F_REQUEST | NLM_F_DUMP, body)
        while True:
            answer = self._socket.recv(ANSWER_SIZE)
            offset = 0
            while offset < len(answer):
                length, answer_kind = struct.unpack_from("IH", answer, offset)
                if answer_kind in (NLMSG_DONE, NLMSG_ERROR):
                    return
                yield answer_kind, answer[offset + 16 : offset + length]
                offset += length + (-length % 4)

    def _send(self, kind: int, flags: int, *bodies: bytes) -> None:
        messages = []
        for body in bodies:
            self._sequence += 1
            messages += [struct.pack("IHHII", 16 + len(body), kind, flags, self._sequence, 0), body]
        self._socket.send(b"".join(messages))

    def refuse(self, networks: Iterable[str]) -> None:
        """Let every packet to these (such as 192.0.2.0/24) end here with "no route to host". Raises OSError."""
        bodies = []
        for network in networks:
            address, _, length = network.partition("/")
            bodies.append(_route(socket.inet_aton(address), int(length), RTN_UNREACHABLE, b"", flags=0))
        self._request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, bodies)

    def route(self, network: IPv4Network, *, device: int, gateway: IPv4Address | None = None) -> None:
        attributes = attribute(RTA_OIF, struct.pack("I", device))
        if gateway is not None:
            attributes += attribute(RTA_GATEWAY, gateway.packed)
        body = _route(
            network.network_address.packed, network.prefixlen, RTN_UNICAST, attributes,
            flags=RTNH_F_ONLINK if gateway else 0,
        )  # fmt: skip
        self._request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, [body])

    def add_address(self, device: int, address: IPv4Address) -> None:
        """Give `device` one address, of a network of that address alone."""
        head = struct.pack("BBBBI", socket.AF_INET, 32, 0, 0, device)
        attributes = attribute(IFA_LOCAL, address.packed) + attribute(IFA_ADDRESS, address.packed)
        self._request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, [head + attributes])

    def bring_up(self, device: int, *, mtu: int) -> None:
        head = struct.pack("BBHiII", 0, 0, 0, device, IFF_UP, IFF_UP)
        self._request(RTM_NEWLINK, 0, [head + attribute(IFLA_MTU, struct.pack("I", mtu))])


def _route(address: bytes, length: int, kind: int, attributes: bytes, *, flags: int) -> bytes:
    scope = 0 if kind != RTN_UNICAST or flags else 253
    head = struct.pack("BBBBBBBBI", socket.AF_INET, length, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, scope, kind, flags)
    return head + (attribute(RTA_DST, address) if length else b"") + attributes


def device_index(name: str) -> int:
    """The number of a network device. Raises OSError where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as probe:
        answer = fcntl.ioctl(probe, SIOCGIFINDEX, struct.pack("16si20x", name.encode(), 0))
    index: int = struct.unpack_from("i", answer, 16)[0]
    return index


def own_addresses() -> list[IPv4Address]:
    """Every IPv4 address of this machine but loopback ones."""
    netlink = Netlink()
    try:
        bodies = [body for _, body in netlink.dump(RTM_GETADDR, struct.pack("BBBBI", socket.AF_INET, 0, 0, 0, 0))]
    finally:
        netlink.close()
    found = [address for body in bodies for address in _addresses_of(body)]
    return [address for address in found if not address.is_loopback]


def _addresses_of(body: bytes) -> Iterable[IPv4Address]:
    offset = 8
    while offset + 4 <= len(body):
        length, kind = struct.unpack_from("HH", body, offset)
        if kind == IFA_LOCAL:
            yield IPv4Address(body[offset + 4 : offset + 8])
        offset += max(length + (-length % 4), 4)
