"""What every measurement of proxies stands on: two cores, one upstream, peers that are started in turns."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.support.ports import free_port

from ..harness import Process, go_first, started
from .load import Measured
from .peers import PEERS, Peer, upstream_command

ROOT = Path(__file__).parents[2]
UPSTREAM_CORE, PROXY_CORE = 1, 0
# Of the proxy's core: with less it waited for the load, and what it could do is not known.
FULL = 0.98
# Seconds after which a program of the benchmark that says nothing is given up.
PATIENCE = 180

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rig:
    """`upstream` is the port of the upstream, `behind` its process; each measurement takes `rounds` of `seconds`."""

    folder: Path
    upstream: int
    behind: Process
    rounds: int
    seconds: int

    @contextlib.contextmanager
    def proxy(self, peer: Peer | None, *, upstream: int | None = None) -> Iterator[tuple[Process, int]]:
        """The peer, before the rig's upstream or another, while the block runs; its process and port.

        None: no proxy at all, the upstream itself.
        """
        if peer is None:
            yield self.behind, self.upstream
            return
        port, own = free_port(), self.folder / peer.name
        command = peer.command(own, port, upstream or self.upstream)
        with started(command, core=PROXY_CORE, folder=own, port=port) as process:
            yield process, port

    def installed(self, names: Sequence[str] = ()) -> list[Peer]:
        """Those of the named peers that this machine has; without names, all of them."""
        return [peer for peer in PEERS if (not names or peer.name in names) and peer.is_installed(self.folder)]


@contextlib.contextmanager
def set_up(rounds: int, seconds: int) -> Iterator[Rig]:
    """A rig in a folder of its own, with its upstream running."""
    go_first(os.getpid())
    with tempfile.TemporaryDirectory(prefix="firefly-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        port = free_port()
        command = upstream_command(folder / "upstream", port)
        with started(command, core=UPSTREAM_CORE, folder=folder / "upstream", port=port) as behind:
            yield Rig(folder, port, behind, rounds, seconds)


def program(module: str, *, patience: float = PATIENCE, **task: Any) -> dict[str, Any]:
    """Run a module of this package on the load's core: it reads its task and prints what it found, last, as JSON."""
    done = subprocess.run(
        program_command(module), input=json.dumps(task) + "\n", capture_output=True, text=True, cwd=ROOT,
        timeout=patience, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"bench.proxy.{module} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def program_command(module: str) -> list[str]:
    return ["taskset", "-c", str(UPSTREAM_CORE), sys.executable, "-m", f"bench.proxy.{module}"]


def paced(
    port: int, heads: Path, *, rate: float, seconds: float, connections: int, status: int = 200
) -> dict[str, float]:
    """Requests from a file at their own pace (see `paced`); milliseconds: `p50`, `p99`, `worst`, `late`."""
    return program(
        "paced", port=port, requests=str(heads), rate=rate, seconds=seconds, connections=connections, status=status
    )


def best(rounds: Sequence[Measured]) -> Measured:
    """The one that cost least, among those in which the proxy's core was full: it was disturbed least."""
    return min([of for of in rounds if of.load >= FULL] or rounds, key=lambda of: of.cpu)


def not_full(**of: Measured) -> str:
    """Why a comparison does not count; empty when it does."""
    return ", ".join(f"{name}'s core {of[name].load:.1%} loaded" for name in of if of[name].load < FULL)
