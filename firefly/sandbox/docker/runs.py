"""One run as the server sees it: its container, its way in, its end."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firefly.errors import Unavailable
from firefly.sandbox.backend import ExitStatus, Instance, Stats
from firefly.sandbox.dialing import JoiningSource
from firefly.sandbox.disk import Usage
from firefly.sandbox.processes import explain
from firefly.sandbox.relay import Relay
from firefly.sandbox.remote import Remote

from . import notes
from .companions import Companion
from .notes import Reason

# The engine's date of what has not happened.
NEVER = "0001-"
# The port of the door inside, where there is one.
DOOR = 7070


@dataclass(slots=True)
class Run:
    """`container` is the engine's id, `pid` its first process, `most` what the workspace may take up.

    `frozen` is what the engine told last, `oom_kills` how often it told of one. Ports inside are reached by `source`
    where the server joins its network, else by `relay`, and with them the bridge. `companion` runs its image, where it
    has one, and `joining` is held while it gets one.
    """

    instance: Instance
    folder: Path
    container: str
    most: Usage
    pid: int = 0
    frozen: bool = False
    oom_kills: int = 0
    source: JoiningSource | None = None
    relay: Relay | None = None
    companion: Companion | None = None
    joining: asyncio.Lock = field(default_factory=asyncio.Lock)
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    status: ExitStatus | None = None

    async def close(self) -> None:
        if self.source is not None:
            self.source.close()
            self.source = None
        if self.relay is not None:
            await self.relay.close()
            self.relay = None
        if self.companion is not None:
            await self.companion.close()
            self.companion = None

    async def join(self, found: Mapping[str, Any]) -> None:
        """Open the way in, by what the engine says of its running container.

        Raises Unavailable where it has ended, or the engine is on another machine.
        """
        await asyncio.to_thread(self._find, found)
        if self.relay is not None:
            await self.relay.open()

    def _find(self, found: Mapping[str, Any]) -> None:
        pid, token = int(found["State"]["Pid"]), notes.read_token(self.folder)
        try:
            if token:
                _check(pid, self.container)
                (network,) = found["NetworkSettings"]["Networks"].values()
                self.relay = Relay(Remote(network["IPAddress"], DOOR, token), self.folder)
            else:
                self.source = _joined(pid, self.container)
        except OSError as error:
            raise Unavailable(f"The sandbox's network cannot be reached: {error.strerror}.") from error
        self.pid = pid


def _joined(pid: int, container: str) -> JoiningSource:
    namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(pid, container)
    except BaseException:
        os.close(namespace)
        raise
    return JoiningSource(namespace)


def _check(pid: int, container: str) -> None:
    """The number may be another process's, here or by now."""
    if container not in Path(f"/proc/{pid}/cgroup").read_text():
        raise Unavailable("The sandbox has ended, or its engine runs on another machine.")


def stats_of(found: Mapping[str, Any], oom_kills: int) -> Stats:
    """From the engine's figures; files that were only read do not count as memory."""
    memory = found["memory_stats"]
    details = memory.get("stats", {})
    cached = details.get("total_inactive_file", details.get("inactive_file", 0))
    seconds = found["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9
    used, pids = max(memory.get("usage", 0) - cached, 0), found["pids_stats"].get("current", 0)
    return Stats(used, round(seconds, 2), pids, oom_kills)


def status_of(found: Mapping[str, Any], *, reason: Reason, output: str) -> ExitStatus:
    """How a container ended, by what the engine says of it."""
    state = found["State"]
    code = int(state["ExitCode"])
    code = 128 - code if 128 < code <= 192 else code
    said = reason.text or _explanation(state, code, int(found["HostConfig"]["Memory"]))
    return ExitStatus(code, said, _moment(state["FinishedAt"]), reason.requested, output)


def _explanation(state: Mapping[str, Any], code: int, memory: int) -> str:
    return str(state["Error"]) or explain(code, oom_kills=bool(state["OOMKilled"]), memory=memory)


def _moment(text: str) -> datetime:
    """The engine's dates have nanoseconds, which Python's have not."""
    if text.startswith(NEVER):
        return datetime.now(UTC)
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
