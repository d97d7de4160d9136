"""Load by wrk with the heads of browsers, and what it cost the proxy."""

import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..harness import Process, find

UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}
# In seconds. Slow peers let some of 512 connections wait longer than wrk would.
PATIENCE = 30
# A single request is handed over once: copying a large one for each would be most of what the load does.
SCRIPT = """
local requests, at = {{}}, 0
for text in io.open("{file}", "rb"):read("*a"):gmatch("[^%z]+") do requests[#requests + 1] = text end
if #requests == 1 then function init() wrk.format = function() return requests[1] end end
else function request() at = at % #requests + 1 return requests[at] end end
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """`cpu` in µs per request, `rate` in requests per second, latencies in ms, `load` of the proxy's core 0 … 1."""

    cpu: float
    rate: float
    p50: float
    p99: float
    load: float


def measure(
    process: Process, port: int, requests: Sequence[bytes], *, seconds: int, core: int, connections: int
) -> Measured:
    """Warm up, then load `port` for some seconds. Raises RuntimeError when any answer is not a 200."""
    _wrk(port, requests, seconds=1, core=core, connections=connections)
    before = process.cpu_seconds()
    text = _wrk(port, requests, seconds=seconds, core=core, connections=connections)
    used = process.cpu_seconds() - before
    found = re.search(r"(\d+) requests in ([\d.]+)s", text)
    if found is None or "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"The load did not pass:\n{text}")
    number, took = int(found[1]), float(found[2])
    return Measured(used / number * 1e6, number / took, _latency(text, 50), _latency(text, 99), used / took)


def _latency(text: str, percentile: int) -> float:
    found = re.search(rf"{percentile}%\s+([\d.]+)(us|ms|s)\b", text)
    return round(float(found[1]) * UNITS[found[2]], 3) if found else 0.0


def _wrk(port: int, requests: Sequence[bytes], *, seconds: int, core: int, connections: int) -> str:
    wrk = find("wrk")
    if wrk is None:
        raise RuntimeError("wrk is missing: apt-get install wrk")
    with tempfile.TemporaryDirectory(prefix="firefly-load-") as name:
        file, script = Path(name) / "requests", Path(name) / "script.lua"
        file.write_bytes(b"\0".join(requests))
        script.write_text(SCRIPT.format(file=file))
        command = [
            "taskset", "-c", str(core), wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
            f"--timeout={PATIENCE}s", "-s", str(script), f"http://127.0.0.1:{port}/",
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path("/")).stdout
