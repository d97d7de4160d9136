"""Which addresses an import may reach: none of this machine, none that is private, unless the settings list it."""

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from ..errors import InvalidInput, Unavailable

Address = IPv4Address | IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# All that is given out to the public: beside it lie other ways to private addresses (site-local, local NAT64, ::/96).
_PUBLIC = ipaddress.ip_network("2000::/3")
_LOOKUP_LIMIT = 10.0


class AddressPolicy:
    """`allowed` are addresses or networks of `settings.import_addresses`. Raises InvalidInput for a bad one."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        try:
            self._allowed: list[IPv4Network | IPv6Network] = [
                ipaddress.ip_network(text, strict=False) for text in allowed
            ]
        except ValueError as error:
            raise InvalidInput(f"FIREFLY_IMPORT_ADDRESSES: {error}") from error

    def lists(self, address: str) -> bool:
        """Whether the settings name it, so that even plain http may be used."""
        found = ipaddress.ip_address(address)
        return any(found in network for network in self._allowed)

    def permits(self, address: str) -> bool:
        found = ipaddress.ip_address(address)
        if self.lists(address):
            return True
        return all(_is_public(part) and not _is_ours(part) for part in _faces(found))

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Addresses to pin the connection to. Raises InvalidInput when any of them is refused."""
        try:
            async with asyncio.timeout(_LOOKUP_LIMIT):
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError as error:
            raise Unavailable(f"Looking up {host} took too long.") from error
        except (OSError, UnicodeError) as error:
            raise InvalidInput(f"There is no host {host}. Check the address.", field="git_url") from error
        addresses = list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
        if not all(self.permits(address) for address in addresses):
            raise InvalidInput(
                f"{host} is this machine or lies in a private network, where imports may not go. "
                "An administrator can allow it with FIREFLY_IMPORT_ADDRESSES.",
                field="git_url",
            )
        return addresses


def _faces(address: Address) -> list[Address]:
    """The address and each IPv4 address that it stands for."""
    faces: list[Address] = [address]
    if isinstance(address, IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        faces += [face for face in inner if face is not None]
        if address in _NAT64:
            faces.append(IPv4Address(int(address) & 0xFFFFFFFF))
    # A mapped address is never "global" by itself; what it stands for decides.
    mapped = isinstance(address, IPv6Address) and (address.ipv4_mapped is not None or address in _NAT64)
    return faces[1:] if mapped else faces


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast and (address.version == 4 or address in _PUBLIC)


def _is_ours(address: Address) -> bool:
    """Only an address of this machine can be bound to, public ones included."""
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError as error:
        # Where binding is impossible for another reason we cannot tell, and refuse.
        return error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
    return True
