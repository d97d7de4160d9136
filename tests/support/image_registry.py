"""Debian's own registry, with the image for a Swarm in it: made once a day for all sessions on a machine."""

import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from firefly.resources import PACKAGE
from tests.support import rootfs
from tests.support.engine import PATH
from tests.support.images import TREES, alone, clear_old

PORT = 5000
CONFIG = """
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "{address}"}}
"""
START_LIMIT = 30.0


@contextmanager
def registry(address: str, publish: Callable[[Path], None]) -> Iterator[None]:
    """One at `address`, with what `publish` imports of an archive and pushes there; not again where it is kept."""
    kept = TREES / f"registry-{_digest()}"
    with alone(TREES / "lock-of-registries"):
        clear_old("registry-*")
        if not kept.exists():
            with tempfile.TemporaryDirectory(prefix="making-", dir=TREES) as made:
                with _serving(address, Path(made) / "data"):
                    publish(rootfs.make(Path(made)))
                (Path(made) / "data").rename(kept)
    with _serving(address, kept):
        yield


def _digest() -> str:
    """Of all that the image is made of, as far as it changes from one day to the next."""
    found = hashlib.sha256(f"{sys.version}{Path(rootfs.__file__).read_text()}".encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        found.update(f"{path.relative_to(PACKAGE)}\0{path.read_text()}\0".encode())
    return found.hexdigest()[:16]


@contextmanager
def _serving(address: str, data: Path) -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="ff-registry-") as folder:
        config = Path(folder) / "config.yml"
        config.write_text(CONFIG.format(folder=data, address=address))
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(
                ["docker-registry", "serve", os.fspath(config)], stdout=log, stderr=log, env={"PATH": PATH}
            )
        try:
            _listens(address, process)
            yield
        finally:
            process.terminate()
            process.wait(10)


def _listens(address: str, process: "subprocess.Popen[bytes]") -> None:
    host, _, port = address.rpartition(":")
    late = time.monotonic() + START_LIMIT
    while True:
        try:
            return socket.create_connection((host, int(port)), 1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > late:
                raise
            time.sleep(0.02)
