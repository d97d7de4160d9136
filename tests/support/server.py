"""A real `firefly serve` in a process of its own, as users have it: started, killed and restarted by tests."""

import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from firefly.settings import Settings

from . import groundwork, logs
from .ports import free_port

START_LIMIT, STOP_LIMIT = 120.0, 60.0
# What a server is told that builds what is pushed to it.
BUILDING = {"FIREFLY_BUILDS_AT_ONCE": "2"}
# What a server logs when a successor has taken over.
SUCCEEDED = '"server.succeeded"'


class LoopbackResolver(AbstractResolver):
    """Every name is this machine, as browsers have it for *.localhost."""

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        return None


@dataclass
class LiveServer:
    """`folder` holds data and log; `enter` runs in the child before the server does (to change its user).

    `command` starts it, `keeps` are descriptors that it inherits. What a first start makes is copied,
    but for another user.
    """

    folder: Path
    enter: Callable[[], None] | None = None
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    token: str = field(default_factory=lambda: "ffp_" + secrets.token_hex(20))
    command: tuple[str, ...] = (sys.executable, "-m", "firefly", "serve", "--stop-sandboxes")
    keeps: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    tls: ssl.SSLContext | None = None
    """What its clients check its certificate with; None: it speaks plain http."""

    @property
    def scheme(self) -> str:
        return "https" if self.tls else "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.port}"

    @property
    def log(self) -> str:
        path = self.folder / "server.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def content_url(self, label: str) -> str:
        return f"{self.scheme}://{label}.preview.localhost:{self.port}"

    def start(self) -> Self:
        if self.enter is None:
            groundwork.lay_templates(self.folder / "data")
            if "FIREFLY_DATABASE_URL" not in self.settings:
                groundwork.lay_cluster(self.folder / "data")
        self.process = self._spawn(*self.command)
        try:
            self._wait_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def replace(self) -> subprocess.Popen[bytes]:
        """Let a successor take over; returns the process that was before, which ends when nothing is open in it."""
        before, changes = self.process, self.log.count(SUCCEEDED)
        assert before is not None
        successor = self._spawn(*self.command, "--replace")
        deadline = time.monotonic() + START_LIMIT
        while self.log.count(SUCCEEDED) == changes:
            if successor.poll() is not None:
                raise AssertionError(f"the successor ended with {successor.returncode}:\n{self.log[-4000:]}")
            assert time.monotonic() < deadline, f"nothing was handed over:\n{self.log[-4000:]}"
            time.sleep(0.02)
        self.process = successor
        return before

    def _spawn(self, *command: str) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FIREFLY_")}
        environment |= {
            "FIREFLY_LISTEN": f"127.0.0.1:{self.port}",
            "FIREFLY_DATA_DIR": str(self.folder / "data"),
            "FIREFLY_BOOTSTRAP_TOKEN": self.token,
            "HOME": str(self.folder),
            # Installing and building take all that the machine has; tests that want them say so.
            "FIREFLY_PREBUILDS": "off",
            "FIREFLY_BUILDS_AT_ONCE": "0",
            **self.settings,
        }
        logs.follow(path := self.folder / "server.log")
        with path.open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
                preexec_fn=self.enter,
                pass_fds=self.keeps,
                start_new_session=True,
            )

    def _wait_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log[-4000:]}")
            if self._answers():
                return
            time.sleep(0.05)
        raise AssertionError(f"the server was not ready within {START_LIMIT} s:\n{self.log[-4000:]}")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.settimeout(5)
                talk = self.tls.wrap_socket(connection, server_hostname="localhost") if self.tls else connection
                with talk:
                    talk.sendall(f"GET /readyz HTTP/1.1\r\nHost: localhost:{self.port}\r\n\r\n".encode())
                    return talk.recv(15).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def kill(self) -> None:
        """What a crash of the machine's memory would do: no chance to tidy up."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_LIMIT)

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._sweep()

    def _sweep(self) -> None:
        """Remove the folder of sockets, which lies elsewhere when the data's path is long."""
        made = Settings(data_dir=self.folder / "data").run_dir
        if made.is_relative_to("/tmp"):
            for left in made.parent.glob(f"firefly-*-{made.name.rpartition('-')[2]}"):
                shutil.rmtree(left, ignore_errors=True)

    def client(self, *, token: str | None = None, connections: int = 100) -> aiohttp.ClientSession:
        """A client that signs in with the bootstrap token, or with `token` (empty: with nothing).

        `connections`: how many it has at once.
        """
        secret = self.token if token is None else token
        return aiohttp.ClientSession(
            base_url=self.url,
            headers={"Authorization": f"Bearer {secret}"} if secret else {},
            connector=aiohttp.TCPConnector(resolver=LoopbackResolver(), ssl=self.tls or True, limit=connections),
            cookie_jar=aiohttp.DummyCookieJar(),
        )


def remote_of(project: Mapping[str, Any], token: str) -> str:
    """Where git clones it from and pushes it to, with what lets it."""
    address: str = project["urls"]["git"]
    return address.replace("http://", f"http://token:{token}@", 1)


async def create_project(
    client: aiohttp.ClientSession, name: str, template: str | None = None, **more: Any
) -> dict[str, Any]:
    async with client.post("/api/v1/projects", json={"name": name, "template": template, **more}) as response:
        body: dict[str, Any] = await response.json()
        assert response.status in (201, 202), body
        return body
