"""Which hosts a project may ask for: read, normalised, and refused with a sentence that says why."""

import ipaddress
import re

import idna

from ..addresses import host_name
from ..errors import InvalidInput
from ..names import check_alias
from ..settings import Settings
from ..tls import sites
from .model import RECORD_PREFIX, Kind

# The name of the record that proves it must fit as well.
LONGEST_HOST = 253 - len(RECORD_PREFIX)
LONGEST_INPUT = 300
_DOTS = re.compile("[\u3002\uff0e\uff61]")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class Names:
    """What the settings leave free. Names of localhost need DNS servers of one's own to be proven."""

    def __init__(self, settings: Settings) -> None:
        self._app = host_name(settings.app_host)
        self._content = host_name(settings.content_domain)
        self._local = bool(settings.dns_servers)

    def read(self, text: str) -> tuple[Kind, str]:
        """Kind and host of what somebody typed: a label, a host on the content domain, or any other host.

        Reads the Public Suffix List the first time, which takes some 0.1 s. Raises InvalidInput.
        """
        # In the DNS's own spelling first: letters and dots of other scripts could pass for something else until then.
        host = _encode(_tidy(text))
        label = host.removesuffix(f".{self._content}")
        if label != host or "." not in host:
            return Kind.ALIAS, f"{check_alias(label)}.{self._content}"
        return Kind.CUSTOM, self._check_custom(host)

    def _check_custom(self, host: str) -> str:
        if host == self._content:
            raise _refused("The content domain itself shows nothing. Choose a label on it, or a domain of your own.")
        if host == self._app or sites.site_of(host) == sites.site_of(self._app):
            raise _refused(
                f"{host} is of the same site as Firefly itself ({sites.site_of(self._app)}): pages there could act in "
                "the name of everybody who is signed in. Choose another domain."
            )
        if host.endswith(".localhost") and not self._local:
            raise _refused("Names of localhost cannot be proven. Choose a domain of the public DNS.")
        if sites.is_public_suffix(host):
            raise _refused(f"{host} is a suffix that belongs to many. Choose a host below it.")
        return host


def _tidy(text: str) -> str:
    host = _DOTS.sub(".", text.strip().lower()).removesuffix(".")
    if not host or len(host) > LONGEST_INPUT:
        raise _refused("Give a host, as in www.example.org, or one label.")
    if "://" in host or "/" in host:
        raise _refused("Give the host alone, as in www.example.org, without https:// and path.")
    if _is_address(host):
        raise _refused("An address is no domain. Give a name.")
    return host.partition(":")[0]


def _is_address(host: str) -> bool:
    """Whether a browser would read it as an IP address: those of IPv4 end in a number, in whatever spelling."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        last = host.rpartition(".")[2]
        return host.startswith("[") or last.isdecimal() or re.fullmatch(r"0x[0-9a-f]*", last) is not None
    return True


def _encode(host: str) -> str:
    """In A-labels, as DNS and Host fields have it (RFC 5891)."""
    try:
        found = idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise _refused(f"That is no host name: {str(error).rstrip('.')}.") from None
    if len(found) > LONGEST_HOST:
        raise _refused(f"The name is too long: at most {LONGEST_HOST} characters.")
    if not all(map(_LABEL.fullmatch, found.split("."))):
        raise _refused("A host name has letters, digits and hyphens, and dots between them.")
    return found


def _refused(detail: str) -> InvalidInput:
    return InvalidInput(detail, field="host")
