"""The route table in memory: what the front door looks hosts up in."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from firefly import hostnames

from .route import Route, SandboxTarget

# Spellings of hosts (case, port) that were found lately; more of them than this come from somebody who plays.
MOST_SPELLINGS = 200_000

Listener: TypeAlias = Callable[[Sequence[Route], Sequence[str]], None]


class RouteTable:
    """Host -> Route. A workspace's route answers for its `<port>--` hosts as well: those derive from its label."""

    def __init__(self, routes: Iterable[Route] = ()) -> None:
        self._routes: dict[str, Route] = {route.host: route for route in routes}
        self._found: dict[bytes, Route] = {}
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
        self._routes.update((route.host, route) for route in routes)
        self._changed(routes, ())

    def remove(self, *hosts: str) -> None:
        for host in hosts:
            self._routes.pop(host, None)
        self._changed((), hosts)

    def replace(self, routes: Iterable[Route]) -> None:
        """Take these routes and no others."""
        before, self._routes = self._routes, {route.host: route for route in routes}
        different = [route for host, route in self._routes.items() if before.get(host) != route]
        self._changed(different, [host for host in before if host not in self._routes])

    def _changed(self, routes: Sequence[Route], gone: Sequence[str]) -> None:
        self._found.clear()
        for listener in self._listeners:
            listener(routes, gone)

    def _search(self, spelling: bytes) -> Route | None:
        host = spelling.decode("ascii", "replace").lower().partition(":")[0]
        route = self._routes.get(host) or self._derive(host)
        if route is not None:
            if len(self._found) >= MOST_SPELLINGS:
                self._found.clear()
            self._found[spelling] = route
        return route

    def _derive(self, host: str) -> Route | None:
        label, dot, domain = host.partition(".")
        parts = hostnames.port_of(label)
        if parts is None:
            return None
        port, base = parts
        route = self._routes.get(f"{base}{dot}{domain}")
        if route is None or not isinstance(route.target, SandboxTarget) or route.target.port is not None:
            return None
        onward = f"{port}--{route.redirect_to}" if route.redirect_to else None
        target = SandboxTarget(route.target.workspace_id, port)
        return replace(route, host=host, target=target, redirect_to=onward)
