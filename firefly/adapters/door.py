"""The front door as the rest of the server sees it: in the process, or in others; opened, retired and closed alike."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from firefly.access import Policies, Visits
from firefly.auth import GrantChecks, Holder, Refusals, Revocation
from firefly.proxy import Dialer, FrontDoor, Gate, Journal, Limits, Tunnels
from firefly.proxy.report import Report
from firefly.proxy.seams import Redeem
from firefly.routes import RouteTable
from firefly.settings import Settings
from firefly.tls import Shelf

from .gate import Opens, PreviewGate
from .listening import Listeners
from .missing import MissingGrants

APP_SOCKET = "app.sock"


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The parts of the server that a front door lives from."""

    settings: Settings
    table: RouteTable
    grants: GrantChecks
    refusals: Refusals
    policies: Policies
    visits: Visits
    opens: Opens
    dialer: Dialer
    tunnels: Tunnels
    shelf: Shelf | None
    missing: MissingGrants = field(default_factory=MissingGrants)


class Doors(ABC):
    """Everything that accepts connections for one server."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        # Tunnels that are about to be opened are nobody's yet.
        sources.refusals.on_record(lambda revocation: sources.tunnels.cut(partial(is_ended, revocation)))

    @abstractmethod
    async def prepare(self, listeners: Listeners) -> None:
        """Get ready to accept from these sockets. Raises Unavailable where that fails."""

    @abstractmethod
    async def open(self) -> None:
        """Accept; returns when requests are answered. Raises OSError, Unavailable."""

    @abstractmethod
    def retire(self) -> None:
        """Accept no more; each connection ends with its next answer."""

    @abstractmethod
    async def ended(self, *, drain: float, tunnels: float) -> None:
        """Wait until nothing is open; requests are cut off after `drain` seconds, tunnels after `tunnels`."""

    @abstractmethod
    async def close(self, *, drain: float, tunnels: float) -> None:
        """Accept no more and end what is open, at the latest after these times."""

    @abstractmethod
    def set_stale(self, stale: bool) -> None:
        """Whether nobody here can know who may look: nothing private is served then."""

    @property
    @abstractmethod
    def numbers(self) -> Mapping[str, float]:
        """For /metrics, as `firefly.proxy.numbers` names them."""

    @abstractmethod
    async def report(self) -> Report:
        """What administrators see. Where a process does not answer, it is that of the others."""


class LocalDoor(Doors):
    """The front door in this process."""

    def __init__(self, sources: Sources) -> None:
        super().__init__(sources)
        self._listeners = Listeners(())
        gate = PreviewGate(
            grants=sources.grants, opens=sources.opens, table=sources.table, policies=sources.policies,
            visits=sources.visits, missing=sources.missing,
        )  # fmt: skip
        self._door = door = build_door(
            sources.settings, table=sources.table, gate=gate, dialer=sources.dialer, redeem=sources.tunnels.redeem
        )
        sources.refusals.on_record(lambda revocation: door.cut(partial(is_ended, revocation)))
        sources.policies.on_change(lambda: door.cut(lambda holder: False))

    async def prepare(self, listeners: Listeners) -> None:
        self._listeners = listeners

    async def open(self) -> None:
        await open_door(self._door, self._listeners, self._sources.shelf)

    def retire(self) -> None:
        self._door.retire()

    async def ended(self, *, drain: float, tunnels: float) -> None:
        await self._door.ended(drain=drain, tunnels=tunnels)

    async def close(self, *, drain: float, tunnels: float) -> None:
        await self._door.close(drain=drain, tunnels=tunnels)

    def set_stale(self, stale: bool) -> None:
        self._door.stale = stale

    @property
    def numbers(self) -> Mapping[str, float]:
        return self._door.numbers()

    async def report(self) -> Report:
        return self._door.report()


def build_door(settings: Settings, *, table: RouteTable, gate: Gate, dialer: Dialer, redeem: Redeem) -> FrontDoor:
    """As the settings say; the same in the server and in its workers."""
    return FrontDoor(
        table=table,
        gate=gate,
        dialer=dialer,
        app_path=settings.run_dir / APP_SOCKET,
        app_url=settings.url,
        content_domain=settings.content_domain,
        trusted_proxies=settings.trusted_proxies,
        announced=settings.proxy_protocol,
        limits=Limits.of(settings),
        journal=Journal(settings.access_log, rate=settings.access_log_rate),
        tunnels=redeem,
    )


async def open_door(door: FrontDoor, listeners: Listeners, shelf: Shelf | None) -> None:
    for listener in listeners.door:
        await door.start(sock=listener, tls=shelf.context if shelf else None)
    for listener in listeners.plain:
        await door.start(sock=listener, onward=True)


def is_ended(revocation: Revocation, holder: object) -> bool:
    """Whether what was opened for `holder` has to end."""
    return isinstance(holder, Holder) and revocation.ends(holder)
