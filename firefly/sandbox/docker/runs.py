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
from firefly.sandbox.processes import explain

# The engine's date of what has not happened.
NEVER = "0001-"
REASON = "reason.json"


@dataclass(slots=True)
class Run:
    """`container` is the engine's id. `frozen` is what the engine told last, `oom_kills` how often it told of one."""

    instance: Instance
    folder: Path
    container: str
    frozen: bool = False
    oom_kills: int = 0
    source: JoiningSource | None = None
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    status: ExitStatus | None = None

    def close(self) -> None:
        if self.source is not None:
            self.source.close()
            self.source = None


def join(found: Mapping[str, Any]) -> JoiningSource:
    """The network namespace of a running container, by what the engine says of it. Blocks shortly.

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
    return JoiningSource(namespace)


def stats_of(found: Mapping[str, Any], oom_kills: int) -> Stats:
    """From the engine's figures; files that were only read do not count as memory."""
    memory = found["memory_stats"]
    details = memory.get("stats", {})
    cached = details.get("total_inactive_file", details.get("inactive_file", 0))
    seconds = found["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9
    used, pids = max(memory.get("usage", 0) - cached, 0), found["pids_stats"].get("current", 0)
    return Stats(used, round(seconds, 2), pids, oom_kills)


def note_reason(folder: Path, reason: str) -> None:
    """Why a run is about to be ended, for whichever server sees its end."""
    with contextlib.suppress(OSError):
        (folder / REASON).write_text(json.dumps(reason))


def read_reason(folder: Path) -> str:
    """Empty: nobody asked for the end."""
    try:
        return str(json.loads((folder / REASON).read_bytes()))
    except (OSError, ValueError):
        return ""


def status_of(found: Mapping[str, Any], *, reason: str, output: str) -> ExitStatus:
    """How a container ended, by what the engine says of it; `reason` is empty where nobody asked for it."""
    state = found["State"]
    code = int(state["ExitCode"])
    code = 128 - code if 128 < code <= 192 else code
    said = reason or _explanation(state, code, int(found["HostConfig"]["Memory"]))
    return ExitStatus(code, said, _moment(state["FinishedAt"]), bool(reason), output)


def _explanation(state: Mapping[str, Any], code: int, memory: int) -> str:
    return str(state["Error"]) or explain(code, oom_kills=bool(state["OOMKilled"]), memory=memory)


def _moment(text: str) -> datetime:
    """The engine's dates have nanoseconds, which Python's have not."""
    if text.startswith(NEVER):
        return datetime.now(UTC)
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
