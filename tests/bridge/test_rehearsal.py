"""A rehearsal leaves a process that may be forked: one thread, no file; and it did serve, wherever it was."""

import os
import subprocess
import sys
from ast import literal_eval as literal
from pathlib import Path

from firefly.bridge.rehearsal import TIMES

PROBE = """
import os, aiohttp.web
from firefly.bridge.rehearsal import rehearse
served = []
prepare = aiohttp.web.Response.prepare
async def watch(self, request):
    served.append((request.path, self.status))
    return await prepare(self, request)
aiohttp.web.Response.prepare = watch
rehearse()
print((served, len(os.listdir("/proc/self/task"))))
"""


def test_it_serves_and_leaves_nothing(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()
    environment = {**os.environ, "TMPDIR": str(deep)}
    done = subprocess.run([sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    served, threads = literal(done.stdout)
    paths = ("/healthz", "/initialize", "/configure", "/application", "/exec", "/")
    assert served == [(path, 200) for path in paths] * TIMES
    assert threads == 1
    assert list(deep.iterdir()) == []
