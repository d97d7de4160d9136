"""A real bridge that listens on a port of the loopback, as in a sandbox that only a network leads to."""

import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from firefly.sandbox.remote import Remote

from .ports import free_port

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-s", "-P", "-m", "firefly.bridge"]
START_LIMIT = 20.0


@dataclass(frozen=True)
class OuterBridge:
    remote: Remote
    tree: Path


@contextmanager
def outer_bridge(folder: Path, environment: Mapping[str, str] = {}) -> Iterator[OuterBridge]:
    """`folder` is empty, and holds its workspace; `environment` is handed to it in the file."""
    for name in ("tree", "home"):
        (folder / name).mkdir()
    remote = Remote("127.0.0.1", free_port(), secrets.token_hex(32))
    handed = folder / "handed"
    digest = hashlib.sha256(remote.token.encode()).hexdigest()
    handed.write_text(json.dumps({"digest": digest, "environment": dict(environment)}))
    process = subprocess.Popen(COMMAND, cwd=folder / "tree", env=_variables(folder, handed, remote.port))
    try:
        _wait_listening(process, remote.port)
        yield OuterBridge(remote, folder / "tree")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


def _variables(folder: Path, handed: Path, port: int) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("FIREFLY_", "GIT_AUTHOR"))}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder / "home"),
        "FIREFLY_WORKSPACE": str(folder / "tree"),
        "FIREFLY_WORKSPACE_ID": "w1",
        "FIREFLY_GATEWAY": str(folder / "inside"),
        "FIREFLY_HANDED": str(handed),
        "FIREFLY_BRIDGE_PORT": str(port),
        "FIREFLY_APPLICATION_PORT": str(free_port()),
    }


def _wait_listening(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        assert process.poll() is None, "the bridge ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("the bridge does not listen")
