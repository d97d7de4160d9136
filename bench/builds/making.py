"""From the push to the page, without commands, with a server, and where nothing has changed; an end; a flood of output.

What a project's own server takes to begin is measured beside it, by starting the same program bare.
"""

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.support.ports import free_port

from ..harness import Row, limited, percentile
from ..sandbox.house import PAUSE, House, repeated, serving
from .pushing import Clone

ROUNDS, ENDS = 15, 8
LINES, SECONDS = 100_000, 4
SERVER = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(open("page").read().encode())
http.server.HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""
CONFIGURATION = "build: [cp text page]\nrun: [exec python3 server.py]\n"
# So many lines a second for so long, with the rest of each moment spent on work; says how long that took.
FLOOD = """
import sys, time
began, out = time.time(), sys.stdout
for moment in range(100 * {seconds}):
    for n in range({lines} // 100):
        out.write("%d: one of the many lines that a build prints while it works\\n" % n)
    out.flush()
    while time.time() < began + (moment + 1) / 100:
        sum(range(100))
open("took", "w").write(str(time.time() - began))
"""


def rows() -> list[Row]:
    return asyncio.run(_rows())


async def _rows() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="firefly-clones-") as name:
        folder = Path(name)
        async with serving(FIREFLY_BUILDS_AT_ONCE="2") as house:
            pages, server = await Clone.make(house, folder), await Clone.make(house, folder)
            static = await repeated(ROUNDS, PAUSE, lambda number: _pages(pages, number))
            served = await repeated(ROUNDS, PAUSE, lambda number: _served(server, number))
            again = await repeated(ROUNDS, PAUSE, lambda number: _again(server))
            ended = await repeated(ENDS, PAUSE, lambda number: _ended(server, number))
            flood = await _flood(await Clone.make(house, folder))
        bare = sorted([await _bare(folder) for _ in range(ROUNDS)])
    own = percentile(bare, 50)
    return [
        limited("push to routed, pages, p50", percentile(static, 50), "ms", at_most=500),
        limited("push to routed, pages, p95", percentile(static, 95), "ms"),
        limited("push to routed, a server, beyond its own start, p50", percentile(served, 50) - own, "ms", at_most=500),
        limited("push to routed, a server, p95", percentile(served, 95), "ms"),
        limited("push to routed, the same tree, p50", percentile(again, 50), "ms", at_most=500),
        limited("cancel to gone, p50", percentile(ended, 50), "ms", at_most=1000),
        limited("cancel to gone, longest", ended[-1], "ms", at_most=1000),
        limited(f"a command slowed by {LINES:,} lines a second", flood, "%", at_most=5),
    ]


async def _pages(clone: Clone, number: int) -> float:
    await clone.commit({"index.html": f"page {number}x"})
    pushed = await clone.push()
    return (await clone.shown(f"page {number}x") - pushed) * 1e3


async def _served(clone: Clone, number: int) -> float:
    await clone.commit({"firefly.yml": CONFIGURATION, "server.py": SERVER, "text": f"served {number}x"})
    pushed = await clone.push()
    return (await clone.shown(f"served {number}x") - pushed) * 1e3


async def _again(clone: Clone) -> float:
    """Another commit of the same tree: until its site is live, since the page does not change."""
    await clone.commit({})
    before = await clone.newest()
    pushed = await clone.push()
    while (build := await clone.newest())["id"] == before["id"]:  # noqa: ASYNC110 - over HTTP
        await asyncio.sleep(0)
    await clone.routed(build)
    return (time.perf_counter() - pushed) * 1e3


async def _ended(clone: Clone, number: int) -> float:
    """A build that waits is cancelled; over when its program is in no process of the machine."""
    seconds = f"{9_000_000 + number}"
    await clone.commit({"firefly.yml": f"build: [sleep {seconds}]\nrun: [echo]\n"})
    await clone.push()
    await _until(lambda: asyncio.to_thread(_sleeps, seconds))
    build = await clone.newest()
    began = time.perf_counter()
    async with clone.house.client.post(f"/api/v1/builds/{build['id']}/kill") as response:
        response.raise_for_status()
    await _until(lambda: asyncio.to_thread(lambda: not _sleeps(seconds)))
    return (time.perf_counter() - began) * 1e3


async def _until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await true():  # noqa: ASYNC110 - of other processes
            await asyncio.sleep(0.01)


def _sleeps(seconds: str) -> bool:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:2] == [b"sleep", seconds.encode()]:
                return True
        except OSError:
            continue
    return False


async def _flood(clone: Clone) -> float:
    """By how many percent it takes longer than with nobody reading what it prints."""
    program = FLOOD.format(lines=LINES, seconds=SECONDS)
    commands = "build: [python3 flood.py > /dev/null, cp took quiet, python3 flood.py]\nrun: [sh serve.sh]\n"
    serve = "mkdir www; echo $(cat quiet) $(cat took) > www/index.html; cd www; exec python3 -m http.server $PORT"
    await clone.commit({"firefly.yml": commands, "flood.py": program, "serve.sh": serve})
    await clone.push()
    build = await clone.newest("succeeded", "failed")
    await clone.routed(build)
    page = await _page(clone.house, f"site--{clone.name}--{clone.owner}")
    quiet, loud = map(float, page.split())
    return (loud / quiet - 1) * 100


async def _page(house: House, label: str) -> str:
    fields = {"X-Firefly-Preview-Token": house.server.token}
    async with house.client.get(house.server.content_url(label), headers=fields) as response:
        return await response.text()


async def _bare(folder: Path) -> float:
    """The server of the benchmark by itself: from its start to its first answer."""
    port = free_port()
    (folder / "page").write_text("bare")
    (folder / "server.py").write_text(SERVER)
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        "python3", "server.py", cwd=folder, env={**os.environ, "HOST": "127.0.0.1", "PORT": str(port)},
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.001)
                continue
            writer.close()
            return (time.perf_counter() - began) * 1e3
    finally:
        process.kill()
        await process.wait()
