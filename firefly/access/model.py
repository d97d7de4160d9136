"""What access to a project's previews consists of: its policies, what was handed out, who came in, who asks."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
# Stands for the project of a host that does not exist, so that nothing need be different for it.
NOBODYS = UUID(int=0)
REMEMBERED = 1024
LONGEST_AGENT = 200


@dataclass(frozen=True, slots=True)
class Policy:
    """What opens a project's previews by itself, decided by the request alone and without waiting."""

    is_public: bool = False
    networks: tuple[Network, ...] = ()
    public_paths: frozenset[bytes] = frozenset()
    public_preflights: bool = False
    service_workers: bool = False
    _known: dict[bytes, bool] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Policy":
        return cls(
            is_public=row["is_public"],
            networks=tuple(ipaddress.ip_network(network) for network in row["addresses"]),
            public_paths=frozenset(path.encode() for path in row["public_paths"]),
            public_preflights=row["public_preflights"],
            service_workers=row["service_workers"],
        )

    def admits(self, address: bytes) -> bool:
        """Whether a visitor from `address` is let in for that; what is no address is not."""
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[address] = self._contains(address)
        return known

    def _contains(self, address: bytes) -> bool:
        try:
            found = ipaddress.ip_address(address.decode("ascii", "replace"))
        except ValueError:
            return False
        found = getattr(found, "ipv4_mapped", None) or found
        return any(found in network for network in self.networks)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """What stays None stays as it is; a list replaces the one before."""

    public: bool | None = None
    addresses: Sequence[str] | None = None
    public_paths: Sequence[str] | None = None
    public_preflights: bool | None = None
    service_workers: bool | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is let in as a visitor; `account` and `display_name` are None for an e-mail address."""

    id: UUID
    account: str | None
    email: str | None
    display_name: str | None
    by: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Link:
    id: UUID
    label: str
    by: str | None
    since: datetime
    expires_at: datetime | None
    max_uses: int | None
    uses: int


@dataclass(frozen=True, slots=True)
class Code:
    by: str | None
    since: datetime
    expires_at: datetime
    max_uses: int | None
    uses: int


@dataclass(frozen=True, slots=True)
class Password:
    by: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """A grant as its project's owners see it. `who` is a name, a link's label, or None."""

    id: UUID
    kind: str
    who: str | None
    account: str | None
    address: str | None
    user_agent: str
    since: datetime
    last_seen: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AccessRequest:
    id: UUID
    name: str
    message: str
    path: str
    address: str | None
    user_agent: str
    asked_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request with the project that it is about, as the event `access.requested` tells it."""

    project_id: UUID
    owner: str
    name: str
    request: AccessRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything about who may see a project's previews; without lists for those who may not manage it."""

    visibility: str
    may_manage: bool
    may_widen: bool
    policy: Policy = Policy()
    people: Sequence[Person] = ()
    links: Sequence[Link] = ()
    code: Code | None = None
    password: Password | None = None
    grants: Sequence[Visit] = ()
    requests: Sequence[AccessRequest] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A content host as a visitor names it; `project_id` is NOBODYS where nothing is."""

    host: str
    project_id: UUID = NOBODYS
    policy_version: int = 0


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who knocks, as far as that can be seen."""

    address: str | None
    user_agent: str

    @property
    def agent(self) -> str:
        """The user agent as it may be kept and shown."""
        return tidy(self.user_agent)[:LONGEST_AGENT]


def tidy(text: str) -> str:
    """What strangers write is kept and shown to owners: on one line, without what is drawn elsewhere or is no text."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
