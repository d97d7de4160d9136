"""Where the tasks of a Swarm are and how they do, as its managers tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ENDED = frozenset({"complete", "failed", "rejected", "shutdown", "orphaned", "remove"})
UNKNOWN = "0.0.0.0"


@dataclass(frozen=True, slots=True)
class Node:
    """`address` is where its published ports are."""

    id: str
    name: str
    address: str
    up: bool

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> "Node":
        address = str(found["Status"].get("Addr", ""))
        if address in ("", UNKNOWN):
            address = str(found.get("ManagerStatus", {}).get("Addr", "")).rpartition(":")[0].strip("[]")
        up = found["Status"]["State"] in ("ready", "unknown")
        # One that is just joining has not said its name yet.
        name = found.get("Description", {}).get("Hostname") or str(found["ID"])
        return cls(str(found["ID"]), str(name), address, up)


@dataclass(frozen=True, slots=True)
class Task:
    """`wanted` is what the Swarm would have it be. `error` is a sentence of the Swarm's, or empty."""

    id: str
    service: str
    node: str
    state: str
    wanted: str
    error: str
    code: int | None
    port: int | None
    """Of the node, where the bridge is reached."""
    container: str = ""

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> "Task":
        status = found["Status"]
        container = status.get("ContainerStatus") or {}
        ports = (status.get("PortStatus") or {}).get("Ports") or [{}]
        return cls(
            id=str(found["ID"]),
            service=str(found["ServiceID"]),
            node=str(found.get("NodeID", "")),
            state=str(status["State"]),
            wanted=str(found["DesiredState"]),
            error=str(status.get("Err", "")),
            code=container.get("ExitCode"),
            port=ports[0].get("PublishedPort"),
            container=str(container.get("ContainerID", "")),
        )

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def given_up(self) -> bool:
        """The Swarm wants it to end, or takes it for lost with its node."""
        return self.wanted in ENDED
