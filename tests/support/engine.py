"""A Docker engine of the tests' own: dockerd in a network namespace that nobody else uses, ended with the tests."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from . import logs

PROGRAMS = ("dockerd", "containerd", "docker-init", "debootstrap", "iptables", "ip", "unshare", "nsenter")
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
START_LIMIT, STOP_LIMIT = 60.0, 30.0
ROOMY = 6 << 30
STORAGE = ("overlay2", "vfs")
# The usual one once more, by another name.
RUNTIME = "other"
# What sandboxes may reach and what they may not, all in a second namespace beyond the engine's.
PUBLIC, PRIVATE, METADATA = "203.0.113.1", "10.99.0.1", "169.254.169.254"
HERE, BEYOND = "192.0.2.2", "192.0.2.1"

missing = [program for program in PROGRAMS if shutil.which(program, path=PATH) is None]
if os.getuid() != 0:
    missing.append("root")
# With CI set, a missing part is a failure. One worker has the engine, and with it every test that needs it.
needs_engine = [
    pytest.mark.skipif(bool(missing) and not os.environ.get("CI"), reason=f"{missing} not there"),
    pytest.mark.xdist_group("engine"),
    pytest.mark.timeout(180),
]


@dataclass
class Engine:
    """`options` are added to dockerd's command line. The folder is short, for the sake of its sockets."""

    options: tuple[str, ...] = ("--live-restore",)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="ff-engine-", dir="/tmp")))
    storage: str = ""
    process: subprocess.Popen[bytes] | None = None
    _home: subprocess.Popen[bytes] | None = None
    _beyond: subprocess.Popen[bytes] | None = None
    _containerd: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.folder}/docker.sock"

    @property
    def log(self) -> str:
        return (self.folder / "dockerd.log").read_text(errors="replace")

    def __enter__(self) -> Self:
        if _free_memory() > ROOMY:
            # Images are large and soon gone, and a disk may be slow.
            _run(["mount", "-t", "tmpfs", "-o", "size=4g,mode=0700", "tmpfs", str(self.folder)])
        try:
            self._home, self._beyond = _namespace(), _namespace()
            self._connect()
            self._start_containerd()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start dockerd, with the first storage driver that works, and wait until it answers."""
        for driver in [self.storage] if self.storage else STORAGE:
            self._spawn(driver)
            if self._answers():
                self.storage = driver
                return
            self.end(signal.SIGKILL)
        raise AssertionError(f"dockerd did not start:\n{self.log[-4000:]}")

    def end(self, number: int = signal.SIGTERM) -> None:
        """End dockerd; by SIGKILL as a crash would, and its containers go on."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(STOP_LIMIT)
            self.process = None

    def close(self) -> None:
        self.end()
        for thawing in Path("/sys/fs/cgroup").glob(f"freezer/{self.folder.name}/*/freezer.state"):
            thawing.write_text("THAWED")
        for pid in _below(self.folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in (self._containerd, self._home, self._beyond):
            if process is not None:
                process.kill()
                process.wait()
        for point in [*_mounts(f"{self.folder}/"), *_mounts(str(self.folder))]:
            subprocess.run(["umount", "-l", point], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
        for group in sorted(Path("/sys/fs/cgroup").glob(f"*/{self.folder.name}/**/"), reverse=True):
            with contextlib.suppress(OSError):
                group.rmdir()

    @property
    def network(self) -> str:
        """The path of the engine's network namespace."""
        assert self._home is not None
        return f"/proc/{self._home.pid}/ns/net"

    def inside(self, *command: str) -> list[str]:
        """A command as the engine's machine runs it: in its network namespace."""
        return ["nsenter", f"--net={self.network}", *command]

    def beyond(self, *command: str) -> list[str]:
        """A command in the namespace that stands for the rest of the world."""
        assert self._beyond is not None
        return ["nsenter", f"--net=/proc/{self._beyond.pid}/ns/net", *command]

    def _connect(self) -> None:
        """A cable between the two, and the addresses of the world at its far end."""
        assert self._home is not None
        assert self._beyond is not None
        pairs = ["ip", "link", "add", "wire", "type", "veth", "peer", "name", "world", "netns", str(self._beyond.pid)]
        _run(self.inside(*pairs))
        for command in (
            self.inside("ip", "addr", "add", f"{HERE}/30", "dev", "wire"),
            self.inside("ip", "link", "set", "lo", "up"),
            self.inside("ip", "link", "set", "wire", "up"),
            self.inside("ip", "route", "add", "default", "via", BEYOND),
            # Else the kernel refuses one address a second, and keeps silent about the others.
            self.inside("sh", "-c", "echo 0 > /proc/sys/net/ipv4/icmp_ratelimit"),
            self.beyond("ip", "addr", "add", f"{BEYOND}/30", "dev", "world"),
            self.beyond("ip", "link", "set", "lo", "up"),
            self.beyond("ip", "link", "set", "world", "up"),
            *(
                self.beyond("ip", "addr", "add", f"{address}/32", "dev", "lo")
                for address in (PUBLIC, PRIVATE, METADATA)
            ),
        ):
            _run(command)

    def _start_containerd(self) -> None:
        """By itself, as distributions do, so that containers go on without dockerd."""
        config = self.folder / "containerd.toml"
        config.write_text(
            f'version = 2\nroot = "{self.folder}/containerd"\nstate = "{self.folder}/state"\n'
            f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "{self.folder}/containerd.sock"\n'
        )
        self._containerd = self._begin("containerd", "--config", str(config))
        deadline = time.monotonic() + START_LIMIT
        while not (self.folder / "containerd.sock").exists():
            assert self._containerd.poll() is None, self.log[-4000:]
            assert time.monotonic() < deadline, self.log[-4000:]
            time.sleep(0.02)

    def _begin(self, *command: str) -> subprocess.Popen[bytes]:
        logs.follow(path := self.folder / "dockerd.log")
        with path.open("ab") as log:
            return subprocess.Popen(
                self.inside(*command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": PATH, "HOME": str(self.folder)},
                start_new_session=True,
            )

    def _spawn(self, driver: str) -> None:
        folders = ["--data-root", f"{self.folder}/data", "--exec-root", f"{self.folder}/exec"]
        names = ["-H", self.url, "--pidfile", f"{self.folder}/pid", "--storage-driver", driver]
        rest = ["--init-path", str(shutil.which("docker-init", path=PATH)), "--cgroup-parent", f"/{self.folder.name}"]
        rest += ["--config-file", f"{self.folder}/daemon.json", "--containerd", f"{self.folder}/containerd.sock"]
        (self.folder / "daemon.json").write_text(json.dumps({"runtimes": {RUNTIME: {"path": "runc"}}}))
        self.process = self._begin("dockerd", *folders, *names, *rest, *self.options)

    def _answers(self) -> bool:
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            assert self.process is not None
            if self.process.poll() is not None:
                return False
            if self._ping():
                return True
            time.sleep(0.05)
        return False

    def _ping(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(f"{self.folder}/docker.sock")
                connection.sendall(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n")
                return b" 200 " in connection.recv(64)
        except OSError:
            return False


def _namespace() -> subprocess.Popen[bytes]:
    """A process that holds a network namespace open."""
    holder = subprocess.Popen(
        ["unshare", "--net", "--", "sh", "-c", "echo ready; exec sleep infinity"], stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    holder.stdout.close()
    return holder


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, env={"PATH": PATH})


def _below(folder: Path) -> Iterator[int]:
    """What the engine left: containerd and its shims where it was killed, and what runs in containers."""
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.fsencode(folder.name) in (path / "cmdline").read_bytes() + (path / "cgroup").read_bytes():
                yield int(path.name)


def _mounts(start: str) -> list[str]:
    points = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [point for point in reversed(points) if point.startswith(start)]


def _free_memory() -> int:
    """Bytes."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable"))
