"""One run as the server sees it: its container, its way in, its end."""

import asyncio
import contextlib
import json
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

# The engine's date of what has not happened.
NEVER = "0001-"
REASON, READY = "reason.json", "ready"


@dataclass(slots=True)
class Run:
    """`container` is the engine's id, `pid` its first process, `most` what the workspace may take up.

    `frozen` is what the engine told last, `oom_kills` how often it told of one.
    """

    instance: Instance
    folder: Path
    container: str
    most: Usage
    pid: int = 0
    frozen: bool = False
    oom_kills: int = 0
    source: JoiningSource | None = None
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    status: ExitStatus | None = None

    def close(self) -> None:
        if self.source is not None:
            self.source.close()
            self.source = None


def join(found: Mapping[str, Any]) -> tuple[int, JoiningSource]:
    """A running container's first process and network namespace, by what the engine says of it. Blocks shortly.

    Raises Unavailable where this process may not join it: it is no root, or the engine is on another machine.
    """
    pid, container = int(found["State"]["Pid"]), str(found["Id"])
    try:
        namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise Unavailable(f"The sandbox's network cannot be joined: {error.strerror}.") from error
    try:
        # The number may be another process's, here or by now.
        if container not in Path(f"/proc/{pid}/cgroup").read_text():
            raise Unavailable("The sandbox has ended, or its engine runs on another machine.")
    except BaseException:
        os.close(namespace)
        raise
    return pid, JoiningSource(namespace)


def stats_of(found: Mapping[str, Any], oom_kills: int) -> Stats:
    """From the engine's figures; files that were only read do not count as memory."""
    memory = found["memory_stats"]
    details = memory.get("stats", {})
    cached = details.get("total_inactive_file", details.get("inactive_file", 0))
    seconds = found["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9
    used, pids = max(memory.get("usage", 0) - cached, 0), found["pids_stats"].get("current", 0)
    return Stats(used, round(seconds, 2), pids, oom_kills)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a run is ended: `requested` by somebody, or because of something that it did. Empty: by itself."""

    text: str = ""
    requested: bool = False


def note_reason(folder: Path, reason: Reason) -> None:
    """For whichever server sees the end. What was noted first counts."""
    with contextlib.suppress(OSError), (folder / REASON).open("x", encoding="utf-8") as file:
        json.dump([reason.text, reason.requested], file)


def read_reason(folder: Path) -> Reason:
    try:
        return Reason(*json.loads((folder / REASON).read_bytes()))
    except (OSError, ValueError, TypeError):
        return Reason()


def note_ready(folder: Path, most: Usage) -> None:
    """The bridge has answered; whoever adopts the run knows by this what its workspace may take up."""
    (folder / READY).write_text(json.dumps([most.size, most.files]))


def read_ready(folder: Path) -> Usage | None:
    """None: it never answered."""
    try:
        return Usage(*json.loads((folder / READY).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


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
