"""What sandboxes of one server leave on a machine: processes, control groups, mounts, namespaces."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from firefly.sandbox import cgroups
from firefly.sandbox.processes import descendants
from firefly.settings import Settings

KINDS = ("net", "mnt", "user", "pid", "ipc", "uts", "cgroup")


class Traces:
    """`look` notes what there is now; `left` tells what of all that was ever noted is still there.

    Namespaces that were noted are held until `close`: the kernel gives the number of one that has gone to the next,
    which may be another server's.
    """

    def __init__(self, data: Path) -> None:
        self._data = data
        self._runs = Settings(data_dir=data).run_dir / "sandboxes"
        self._own = set(_namespaces(os.getpid()))
        self.instances: set[str] = set()
        self._held_open: dict[str, int] = {}

    def close(self) -> None:
        for descriptor in self._held_open.values():
            os.close(descriptor)
        self._held_open.clear()

    def look(self) -> None:
        for folder in self._runs.glob("*"):
            self.instances.add(folder.name)
            with contextlib.suppress(OSError, ValueError):
                for pid in descendants(int((folder / "pid").read_text())):
                    self._hold(pid)

    def _hold(self, pid: int) -> None:
        for kind in KINDS:
            with contextlib.suppress(OSError):
                descriptor = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
                name = os.readlink(f"/proc/self/fd/{descriptor}")
                if name in self._own or self._held_open.setdefault(name, descriptor) != descriptor:
                    os.close(descriptor)

    def left(self) -> list[str]:
        return [*self._folders(), *self._processes(), *self._groups(), *self._mounts(), *self._held()]

    def _folders(self) -> Iterator[str]:
        yield from (f"folder {folder}" for folder in self._runs.glob("*"))

    def _processes(self) -> Iterator[str]:
        """By what they were started with. Users tell nothing: other servers here have the same ones."""
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                line = (process / "cmdline").read_bytes()
                if any(name.encode() in line for name in self.instances):
                    yield f"process {process.name}: {line!r}"

    def _groups(self) -> Iterator[str]:
        for parent in set(cgroups.find().values()):
            for name in self.instances:
                yield from (f"group {group}" for group in Path(parent).glob(f"firefly-{name}*"))

    def _mounts(self) -> Iterator[str]:
        for table in Path("/proc").glob("[0-9]*/mountinfo"):
            with contextlib.suppress(OSError):
                yield from (f"mount {line}" for line in table.read_text().splitlines() if str(self._data) in line)

    def _held(self) -> Iterator[str]:
        """Namespaces that a process is in, or holds open, this one aside."""
        for process in Path("/proc").glob("[0-9]*"):
            if process.name == str(os.getpid()):
                continue
            held = set(_namespaces(int(process.name)))
            with contextlib.suppress(OSError):
                for link in (process / "fd").iterdir():
                    with contextlib.suppress(OSError):
                        held.add(os.readlink(link))
            yield from (f"namespace {name} of process {process.name}" for name in held & self._held_open.keys())


def _namespaces(pid: int) -> Iterator[str]:
    """As in `net:[4026531840]`."""
    for kind in KINDS:
        with contextlib.suppress(OSError):
            yield os.readlink(f"/proc/{pid}/ns/{kind}")
