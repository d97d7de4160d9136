"""The route table in memory: what the front door looks hosts up in."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from firefly import hostnames

from .route import Route, SandboxTarget

# Spellings of hosts (case, port) that were found lately; more of them than this come from somebody who plays.
MOST_SPELLINGS = 200_000
# Of one host and its ports.
MOST_OF_ONE = 256

Listener: TypeAlias = Callable[[Sequence[Route], Sequence[str]], None]


class RouteTable:
    """Host -> Route. A workspace's route answers for its `<port>--` hosts as well: those derive from its label.

    A change costs what it changes: the spellings of all other hosts stay known.
    """

    def __init__(self, routes: Iterable[Route] = ()) -> None:
        self._routes: dict[str, Route] = {route.host: route for route in routes}
        self._found: dict[bytes, Route] = {}
        # By what they rest on: the spellings of a host and of those that derive from it.
        self._spellings: dict[str, list[bytes]] = {}
        self._listeners: list[Listener] = []

    def on_change(self, listener: "Listener") -> None:
        """Call `listener` after each change with the routes that are new or different, and the hosts that are gone."""
        self._listeners.append(listener)

    def __len__(self) -> int:
        return len(self._routes)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes.values())

    def find(self, host: bytes) -> Route | None:
        """The route of a Host field's value, in any case, with or without a port."""
        return self._found.get(host) or self._search(host)

    def get(self, host: str) -> Route | None:
        """The route that was put for exactly this host."""
        return self._routes.get(host)

    def put(self, *routes: Route) -> None:
        for route in routes:
            self._routes[route.host] = route
            self._forget(route.host)
        self._changed(routes, ())

    def remove(self, *hosts: str) -> None:
        for host in hosts:
            self._routes.pop(host, None)
            self._forget(host)
        self._changed((), hosts)

    def replace(self, routes: Iterable[Route]) -> None:
        """Take these routes and no others."""
        before, self._routes = self._routes, {route.host: route for route in routes}
        self._found.clear()
        self._spellings.clear()
        different = [route for host, route in self._routes.items() if before.get(host) != route]
        self._changed(different, [host for host in before if host not in self._routes])

    def _changed(self, routes: Sequence[Route], gone: Sequence[str]) -> None:
        for listener in self._listeners:
            listener(routes, gone)

    def _forget(self, host: str) -> None:
        parts = _split(host)
        for changed in (host, parts[1]) if parts else (host,):
            for spelling in self._spellings.pop(changed, ()):
                self._found.pop(spelling, None)

    def _search(self, spelling: bytes) -> Route | None:
        host = spelling.decode("ascii", "replace").lower().partition(":")[0]
        route = self._routes.get(host)
        if route is not None:
            self._remember(spelling, route, host)
            return route
        parts = _split(host)
        route = _derive(self._routes.get(parts[1]), host, parts[0]) if parts else None
        if route is not None and parts is not None:
            self._remember(spelling, route, parts[1])
        return route

    def _remember(self, spelling: bytes, route: Route, host: str) -> None:
        """`host` is what `route` was put for, or derives from."""
        if len(self._found) >= MOST_SPELLINGS:
            self._found.clear()
            self._spellings.clear()
        known = self._spellings.setdefault(host, [])
        if len(known) >= MOST_OF_ONE:
            for other in known:
                self._found.pop(other, None)
            known.clear()
        known.append(spelling)
        self._found[spelling] = route


def _split(host: str) -> tuple[int, str] | None:
    """Port and workspace's host of a host that names a port."""
    label, dot, domain = host.partition(".")
    parts = hostnames.port_of(label)
    return (parts[0], f"{parts[1]}{dot}{domain}") if parts else None


def _derive(base: Route | None, host: str, port: int) -> Route | None:
    """The route of a port of the workspace that `base` shows; None where it shows no workspace's main port."""
    if base is None or not isinstance(base.target, SandboxTarget) or base.target.port is not None:
        return None
    onward = f"{port}--{base.redirect_to}" if base.redirect_to else None
    return replace(base, host=host, target=SandboxTarget(base.target.workspace_id, port), redirect_to=onward)
