"""Load by wrk with a browser's head, and what it cost the proxy."""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..harness import Process, find

CONNECTIONS = 64
HOST = "shop--ann.preview.localhost"
FIELDS = {
    "Host": HOST,
    "Connection": "keep-alive",
    "Cache-Control": "max-age=0",
    "sec-ch-ua": '"Chromium";v="142", "Not;A=Brand";v="24"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
    "Upgrade-Insecure-Requests": "1",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-User": "?1",
    "Sec-Fetch-Dest": "document",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-GB,en;q=0.9",
}
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclass(frozen=True, slots=True)
class Measured:
    """`cpu` in µs per request, `rate` in requests per second, latencies in ms, `load` of the proxy's core 0 … 1."""

    cpu: float
    rate: float
    p50: float
    p99: float
    load: float


def measure(process: Process, port: int, *, seconds: int, core: int, cookie: str = "") -> Measured:
    """Warm up, then load `port` for some seconds. Raises RuntimeError when any answer is not a 200."""
    _wrk(port, seconds=1, core=core, cookie=cookie)
    before = process.cpu_seconds()
    text = _wrk(port, seconds=seconds, core=core, cookie=cookie)
    used = process.cpu_seconds() - before
    found = re.search(r"(\d+) requests in ([\d.]+)s", text)
    if found is None or "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"The load did not pass:\n{text}")
    requests, took = int(found[1]), float(found[2])
    return Measured(used / requests * 1e6, requests / took, _latency(text, 50), _latency(text, 99), used / took)


def _latency(text: str, percentile: int) -> float:
    found = re.search(rf"{percentile}%\s+([\d.]+)(us|ms|s)\b", text)
    return round(float(found[1]) * UNITS[found[2]], 3) if found else 0.0


def _wrk(port: int, *, seconds: int, core: int, cookie: str) -> str:
    wrk = find("wrk")
    if wrk is None:
        raise RuntimeError("wrk is missing: apt-get install wrk")
    fields = FIELDS | {"Cookie": f"theme=dark; {cookie}" if cookie else "theme=dark; session=0123456789abcdef"}
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.writelines(f'wrk.headers["{name}"] = [[{value}]]\n' for name, value in fields.items())
        script.flush()
        command = [
            "taskset", "-c", str(core), wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency",
            "-s", script.name, f"http://127.0.0.1:{port}{PATH}",
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path("/")).stdout


PATH = "/index.html"
