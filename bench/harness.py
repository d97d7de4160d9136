"""What all benchmarks share: rows, their report, and processes that are pinned, measured and taken down."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

BENCHMARKS = ("proxy", "sandbox", "builds", "artifacts", "packages", "editor")
RESULTS = Path(__file__).parent / "results"
TICKS = os.sysconf("SC_CLK_TCK")
# In nice levels: nine tenths of a core against everything else.
URGENT = -10


@dataclass(frozen=True, slots=True)
class Row:
    """One measured value. `ratio` is value / peer_value; `ok` None: nothing is promised."""

    name: str
    value: float
    unit: str
    peer: str = ""
    peer_value: float | None = None
    ratio: float | None = None
    target: str = ""
    ok: bool | None = None


def beside(
    name: str,
    value: float,
    unit: str,
    *,
    peer: str,
    peer_value: float,
    at_most: float | None = None,
    at_least: float | None = None,
    void: str = "",
) -> Row:
    """A row whose target is a ratio to a peer; `void` says why the comparison does not count, if it does not."""
    ratio = value / peer_value if peer_value else float("inf")
    ok = None if at_most is None and at_least is None else True
    target = ""
    if at_most is not None:
        target, ok = f"≤ {at_most} × {peer}", ratio <= at_most
    if at_least is not None:
        target, ok = f"≥ {at_least} × {peer}", ratio >= at_least
    if void:
        target, ok = f"{target} does not count: {void}".strip(), None
    return Row(name, round(value, 3), unit, peer, round(peer_value, 3), round(ratio, 3), target, ok)


def limited(name: str, value: float, unit: str, *, at_most: float | None = None) -> Row:
    """A row whose target, if it has one, is a value."""
    words, ok = ("", None) if at_most is None else (f"≤ {at_most:g} {unit}", value <= at_most)
    return Row(name, round(value, 1 if value >= 10 else 3), unit, target=words, ok=ok)


def skipped(name: str, reason: str) -> Row:
    """A row that says why there is no value; its target is neither met nor missed."""
    return Row(name, 0, "", target=f"skipped: {reason}")


def percentile(values: Sequence[float], percent: float) -> float:
    """By the nearest rank; `values` are sorted."""
    return values[min(len(values) - 1, int(len(values) * percent / 100))]


def attempt(benchmark: str, name: str, rows: Callable[[], list[Row]]) -> list[Row]:
    """Its rows; what goes wrong fails this measurement and not those after it."""
    began = time.monotonic()
    print(f"{benchmark}: {name} …", end="", flush=True)
    try:
        found = rows()
    except Exception:
        print(f" failed after {time.monotonic() - began:.0f} s", flush=True)
        traceback.print_exc()
        return [Row(f"{name}: could not be measured", 0, "", target="to be measured", ok=False)]
    print(f" {time.monotonic() - began:.0f} s", flush=True)
    return found


def report(name: str, rows: Sequence[Row]) -> bool:
    """Print the rows and write bench/results/<name>.json; whether all targets are met."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(
        json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False) + "\n"
    )
    print(f"\n{name}")
    for row in rows:
        peer = f"{row.peer} {row.peer_value:g}, ratio {row.ratio:g}" if row.peer_value and row.ratio is not None else ""
        verdict = {True: "ok", False: "MISSED", None: ""}[row.ok]
        print(f"  {row.name:58} {row.value:>12g} {row.unit:12} {peer:44} {row.target:28} {verdict}")
    return all(row.ok is not False for row in rows)


@dataclass(frozen=True, slots=True)
class Process:
    """A started program and what it started."""

    pid: int

    def cpu_seconds(self) -> float:
        """User and system time of the whole process tree, those of it that live."""
        return sum(_cpu_seconds(pid) for pid in self.tree())

    def private_bytes(self) -> int:
        """Memory that is of this process tree alone."""
        return sum(_private_bytes(pid) for pid in self.tree())

    def tree(self) -> list[int]:
        found = [self.pid]
        for pid in found:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found.extend(int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return found


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _private_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Clean", "Private_Dirty"))) * 1024


def go_first(pid: int) -> None:
    """Let a process, and what it will start, go before whatever else the machine does, where that is allowed."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, URGENT)
        # Linux weighs sessions against one another first, then the processes of one.
        Path(f"/proc/{pid}/autogroup").write_text(f"{URGENT}\n")


@contextlib.contextmanager
def started(command: Sequence[str], *, core: int, folder: Path, port: int, wait: float = 20) -> Iterator[Process]:
    """Run `command` on one core until the block ends; enters when it accepts on `port`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "output.log").open("wb") as output:
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *command], stdout=output, stderr=output, cwd=folder, start_new_session=True
        )
    go_first(process.pid)
    try:
        _wait_for(port, process, folder, wait)
        yield Process(process.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], folder: Path, wait: float) -> None:
    limit = time.monotonic() + wait
    while time.monotonic() < limit:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{folder.name} did not start:\n{(folder / 'output.log').read_text()[-2000:]}")


def find(program: str) -> str | None:
    """Where a program is, also outside an ordinary user's PATH."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin:/sbin")
