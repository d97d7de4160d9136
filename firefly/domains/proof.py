"""Looks up the TXT records that prove whose a host is; tells what is not there from what could not be looked up."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.rcode
import dns.resolver
import structlog

from ..addresses import addresses

log = structlog.get_logger()

# Seconds for all servers and tries of one look.
LIMIT = 6.0
MOST_TEXTS = 100


class Finding(Enum):
    THERE = auto()
    ABSENT = auto()
    """The DNS says that it is not so."""
    UNKNOWN = auto()
    """The DNS could not say: nothing follows from that for a while."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look found: the texts of a name's records and, where there are none, why."""

    texts: frozenset[str] = frozenset()
    answered: bool = True
    reason: str = ""

    def has(self, token: str) -> Finding:
        if token in self.texts:
            return Finding.THERE
        return Finding.ABSENT if self.answered else Finding.UNKNOWN


class Texts(ABC):
    """The texts of a name's TXT records."""

    @abstractmethod
    async def look(self, name: str) -> Looked:
        """At most 100 texts. Raises nothing: what went wrong is in the answer."""


class DnsTexts(Texts):
    """Asks the DNS. `servers` as in `FIREFLY_DNS_SERVERS`; empty: those of the system."""

    def __init__(self, servers: Sequence[str] = (), *, limit: float = LIMIT) -> None:
        self._servers = [dns.nameserver.Do53Nameserver(*server) for text in servers for server in addresses(text)]
        self._limit = limit

    async def look(self, name: str) -> Looked:
        try:
            answer = await self._resolver().resolve(f"{name}.", "TXT", search=False, lifetime=self._limit)
        except dns.resolver.NXDOMAIN:
            return Looked(reason=f"The DNS has no name {name} (NXDOMAIN).")
        except dns.resolver.NoAnswer:
            return Looked(reason=f"The DNS has no TXT record at {name}.")
        except dns.resolver.NoNameservers as error:
            return Looked(answered=False, reason=f"The DNS could not answer for {name} ({_codes(error)}).")
        except dns.exception.Timeout:
            return Looked(answered=False, reason=f"The DNS did not answer for {name} within {self._limit:g} s.")
        except (dns.exception.DNSException, OSError, ValueError) as error:
            log.warning("dns.failed", name=name, reason=repr(error))
            return Looked(answered=False, reason=f"The DNS cannot be asked for {name}: {type(error).__name__}.")
        found = [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
        return Looked(frozenset(found[:MOST_TEXTS]), reason=f"The TXT record {name} holds something else.")

    def _resolver(self) -> dns.asyncresolver.Resolver:
        # Made anew each time, since the system's file may change.
        resolver = dns.asyncresolver.Resolver(configure=not self._servers)
        if self._servers:
            resolver.nameservers = list(self._servers)
        return resolver


def _codes(error: dns.resolver.NoNameservers) -> str:
    """What the servers said, as in SERVFAIL."""
    answers = [response for *_, response in error.kwargs.get("errors", ()) if response is not None]
    codes = [dns.rcode.to_text(response.rcode()) for response in answers]
    return ", ".join(dict.fromkeys(codes)) or "no server could be reached"
