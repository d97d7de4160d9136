"""A Swarm of one engine or two on this machine, each in a network of its own, and a registry between them."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support import rootfs
from tests.support.engine import PATH, Engine
from tests.support.engine import _below as below
from tests.support.engine import _mounts as below_mounts
from tests.support.image_registry import PORT, registry

PROGRAMS = ("docker", "docker-registry")
ENGINE = ("dockerd", "containerd", "docker-init", "iptables", "ip", "unshare", "nsenter")
HEARTBEAT = "1s"
IMAGE = "firefly-project"

missing = [program for program in (*ENGINE, *PROGRAMS) if shutil.which(program, path=PATH) is None]
if os.getuid() != 0:
    missing.append("root")
# With CI set, a missing part is a failure. One worker has the Swarm, and with it every test that needs it.
needs_swarm = [
    pytest.mark.skipif(bool(missing) and not os.environ.get("CI"), reason=f"{missing} not there"),
    pytest.mark.xdist_group("swarm"),
    # The first of a day makes the image that is pushed to the registry.
    pytest.mark.timeout(300),
]


@dataclass
class Switch:
    """A bridge of this machine into which nodes are plugged; `network` holds the first three numbers of addresses."""

    name: str = field(default_factory=lambda: f"ffs{os.getpid() % 100_000}")
    network: str = field(default_factory=lambda: f"198.18.{random.randrange(256)}")

    @property
    def address(self) -> str:
        return f"{self.network}.1"

    def __enter__(self) -> "Switch":
        _run("ip", "link", "add", self.name, "type", "bridge")
        _run("ip", "addr", "add", f"{self.address}/24", "dev", self.name)
        _run("ip", "link", "set", self.name, "up")
        return self

    def __exit__(self, *_: object) -> None:
        _run("ip", "link", "del", self.name)


@dataclass
class Node(Engine):
    """One of the machines. `number` is the last of its address."""

    switch: Switch = field(default_factory=Switch)
    number: int = 2

    @property
    def name(self) -> str:
        return f"node{self.number}"

    @property
    def address(self) -> str:
        return f"{self.switch.network}.{self.number}"

    @property
    def cable(self) -> str:
        """This machine's end of it."""
        return f"{self.switch.name}n{self.number}"

    def inside(self, *command: str) -> list[str]:
        if command[0] == "dockerd":
            command = ("unshare", "--uts", "sh", "-c", f'hostname {self.name}; exec "$@"', "sh", *command)
        return super().inside(*command)

    def _connect(self) -> None:
        assert self._home is not None
        far = ("peer", "name", "wire", "netns", str(self._home.pid))
        _run("ip", "link", "add", self.cable, "type", "veth", *far)
        _run("ip", "link", "set", self.cable, "master", self.switch.name, "up")
        for command in (
            ("ip", "addr", "add", f"{self.address}/24", "dev", "wire"),
            ("ip", "link", "set", "lo", "up"),
            ("ip", "link", "set", "wire", "up"),
            ("ip", "route", "add", "default", "via", self.switch.address),
        ):
            _run(*self.inside(*command))

    def docker(self, *arguments: str) -> str:
        """The output of the docker command."""
        return _run("docker", "-H", self.url, *arguments)

    def cut(self) -> None:
        """Pull its cable: it runs on, and nobody hears of it."""
        _run("ip", "link", "set", self.cable, "down")

    def mend(self) -> None:
        _run("ip", "link", "set", self.cable, "up")

    def die(self) -> None:
        """End all that runs there, as a power cut does."""
        containers = [path.name for path in (self.folder / "data" / "containers").glob("*")]
        self.end(signal.SIGKILL)
        # What holds the containers, then they themselves: each is in a control group with its name.
        for pid in [*below(self.folder), *_in_groups(containers)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _forget_networks(self) -> None:
        """As a machine does that is switched off: else dead containers keep the addresses that others get."""
        for point in below_mounts(f"{self.folder}/exec/netns/"):
            subprocess.run(["umount", "-l", point], capture_output=True, check=False)
        for link in json.loads(_run(*self.inside("ip", "-j", "link"))):
            if link["ifname"] not in ("lo", "wire"):
                # Some go with others.
                subprocess.run(self.inside("ip", "link", "del", link["ifname"]), capture_output=True, check=False)
        for table in ("filter", "nat"):
            _run(*self.inside("iptables", "-t", table, "-F"))

    def revive(self) -> None:
        """Switch it on again."""
        assert self._containerd is not None
        self._containerd.wait(10)
        (self.folder / "containerd.sock").unlink()
        self._forget_networks()
        self._start_containerd()
        self.start()

    def close(self) -> None:
        self.die()
        super().close()


@dataclass(frozen=True)
class Swarm:
    """`manager` is the node that is asked; `registry` is where images are pushed to and pulled from."""

    manager: Node
    registry: str

    @property
    def image(self) -> str:
        return f"{self.registry}/{IMAGE}"

    @property
    def settings(self) -> dict[str, str]:
        """What a server is told whose sandboxes are to run in it."""
        return {
            "FIREFLY_SANDBOX": "swarm",
            "FIREFLY_DOCKER_HOST": self.manager.url,
            "FIREFLY_REGISTRY": self.registry,
            "FIREFLY_PREPARED_SANDBOXES": "0",
        }

    @contextmanager
    def drained(self) -> Iterator[None]:
        """With nothing on the manager: what starts meanwhile is on the worker, what runs there is lost."""
        self._set_availability("drain")
        try:
            yield
        finally:
            self._set_availability("active")

    def _set_availability(self, how: str) -> None:
        self.manager.docker("node", "update", "--availability", how, self.manager.name)

    def publish(self, archive: Path) -> None:
        """Make the project image of the archive of a tree, and push it to the registry."""
        changes = [part for change in rootfs.CHANGES for part in ("-c", change)]
        self.manager.docker("import", *changes, str(archive), self.image)
        self.manager.docker("push", self.image)

    @contextmanager
    def joined(self) -> Iterator[Node]:
        """Another engine, as a worker of it."""
        with Node(self.manager.options, switch=self.manager.switch, number=self.manager.number + 1) as worker:
            token = self.manager.docker("swarm", "join-token", "-q", "worker").strip()
            worker.docker("swarm", "join", "--token", token, f"{self.manager.address}:2377")
            yield worker


@contextmanager
def one_engine() -> Iterator[Swarm]:
    with Switch() as switch:
        address = f"{switch.address}:{PORT}"
        options = ("--insecure-registry", address, "--bridge", "none", "--dns", switch.address)
        with Node(options, switch=switch) as manager:
            manager.docker("swarm", "init", "--advertise-addr", manager.address, "--dispatcher-heartbeat", HEARTBEAT)
            made = Swarm(manager, address)
            with registry(address, made.publish):
                yield made


def _in_groups(names: list[str]) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*/cgroup"):
        with contextlib.suppress(OSError):
            text = path.read_text()
            if any(name in text for name in names):
                yield int(path.parent.name)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": PATH, "HOME": "/nonexistent"})
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout
