"""Folders and files of the process backend, and the plan that a supervisor carries out."""

import compileall
import json
import os
import socket
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from firefly.clock import Clock
from firefly.errors import SandboxFailed
from firefly.resources import PACKAGE
from firefly.settings import Settings

from . import copied, mounts, network, trees
from .backend import SandboxSpec
from .detection import Machine
from .netlink import own_addresses
from .runtimes import Runtimes

SANDBOXES = "sandboxes"
BRIDGE = ("-s", "-P", "-m", "firefly.bridge")
# What the bridge needs sooner or later: imported once for all that are forked.
MODULES = (
    "firefly.bridge.__main__",
    "firefly.bridge.archive",
    "firefly.protocol.configured",
    "firefly.bridge.rehearsal",
)


class Layout:
    """`bridge` replaces the bridge's command line inside, for tests."""

    def __init__(
        self, settings: Settings, machine: Machine, runtimes: Runtimes, *, bridge: Sequence[str] | None, clock: Clock
    ) -> None:
        self._settings = settings
        self._machine = machine
        self._runtimes = runtimes
        self._bridge = bridge or (str(runtimes.python), *BRIDGE)
        self.modules = () if bridge else MODULES
        self.overlays = False
        """Whether workspaces can lie on layers; else they begin with a copy."""
        self._clock = clock
        self._own_files = settings.run_dir / "etc"
        self._workspaces = settings.data_dir / "workspaces"
        self._layers = settings.data_dir / "layers"

    def layer(self, layer_id: UUID) -> Path:
        return self._layers / str(layer_id)

    def workspace(self, workspace_id: UUID) -> Path:
        return self._workspaces / str(workspace_id)

    def make_folders(self) -> None:
        self._settings.prepare_folders()
        sandboxes = self._settings.run_dir / SANDBOXES
        for folder, mode in (
            (sandboxes, 0o700),
            (self._workspaces, 0o711),
            (self._layers, 0o711),
            (self._own_files, 0o755),
        ):
            folder.mkdir(mode=mode, exist_ok=True)
            folder.chmod(mode)
        for name, text in mounts.OWN_FILES.items():
            file = self._own_files / name
            file.write_text(text)
            file.chmod(0o644)
        # The sandbox sees the package read-only, so what is not compiled by now would be compiled at every start.
        for name in ("bridge", "families", "protocol"):
            if os.access(PACKAGE / name, os.W_OK):
                compileall.compile_dir(PACKAGE / name, quiet=2, maxlevels=3)

    def plan(self, spec: SandboxSpec, folder: Path) -> None:
        """Make the folders of a run and its workspace; write `plan.json`, which the supervisor reads and removes."""
        if spec.layers and not self.overlays:
            copied.begin([self.layer(layer.id) for layer in spec.layers], self.workspace(spec.workspace_id), spec.uid)
        tree, home = trees.make(self.workspace(spec.workspace_id), spec.uid)
        gateway = _make_gateway(folder)
        isolated, root = self._machine.capabilities.isolated, os.getuid() == 0
        overlay = self._overlay(spec, folder) if self._lies_on_layers(spec) else None
        view = mounts.View(
            tree=Path(overlay["at"]) if overlay else tree,
            home=home,
            gateway=gateway,
            own_files=self._own_files,
            prepared=self._settings.data_dir / "prepared",
            runtimes=self._runtimes,
            staged=isolated and root,
        )
        box, stage = list[str](), dict[str, str]()
        if isolated:
            box, stage = mounts.arguments(view, program=self._machine.bubblewrap, memory=spec.limits.memory)
        workspace_id, port = str(spec.workspace_id), None if isolated else _free_port()
        plan = {
            "id": folder.name,
            "workspace_id": workspace_id,
            "started_at": self._clock.now().timestamp(),
            "isolated": isolated,
            "port": port,
            "uid": spec.uid if root else None,
            "cwd": "/" if isolated else str(tree),
            "box": box,
            "command": self._bridge,
            "inside": {"cwd": mounts.WORKSPACE, "writable": mounts.WRITABLE},
            "stage": stage,
            "overlay": overlay,
            "exposed": [] if isolated else [str(path) for path in mounts.needed(view)],
            "environment": mounts.environment(view, workspace_id=workspace_id, extra=spec.variables, port=port),
            "limits": asdict(spec.limits),
            "disk": {"folders": [str(tree), str(home)], "note": str(tree.with_name("excess.json"))},
            "cgroups": self._machine.groups,
            "slirp": self._machine.slirp or None,
            "refuse": network.refused(own_addresses(), self._settings.egress_allow),
        }
        _write(folder / "plan.json", plan)

    def _lies_on_layers(self, spec: SandboxSpec) -> bool:
        """Not where its layers were made elsewhere: then it begins empty, as any whose files are gone.

        Raises SandboxFailed where only the workspace's own part is here, which would be taken for the whole.
        """
        if not spec.layers or copied.is_copied(self.workspace(spec.workspace_id)):
            return False
        if self.overlays and all(self.layer(layer.id).is_dir() for layer in spec.layers):
            return True
        if (self.workspace(spec.workspace_id) / "work").exists():
            raise SandboxFailed("What the workspace lies on is not on this machine. Restore the data directory.")
        return False

    def _overlay(self, spec: SandboxSpec, folder: Path) -> dict[str, Any]:
        """What overlays.mount needs; the folders stand beside the workspace's own tree, which takes its changes."""
        workspace = self.workspace(spec.workspace_id)
        places = {"work": workspace / "work", "at": workspace / "merged", "stage": folder / "layers"}
        for place in places.values():
            place.mkdir(mode=0o700, exist_ok=True)
        return {
            "layers": [(str(self.layer(layer.id)), layer.uid) for layer in spec.layers],
            "upper": str(workspace / "tree"),
            "uid": spec.uid,
            **{name: str(place) for name, place in places.items()},
        }


def _make_gateway(folder: Path) -> Path:
    """Of a run: where the server listens for its sandbox."""
    gateway = folder / "gateway"
    gateway.mkdir(parents=True, mode=0o755)
    gateway.chmod(0o755)
    return gateway


def _write(file: Path, plan: dict[str, Any]) -> None:
    """With secrets in it, readable by nobody else from the beginning."""
    file.touch(mode=0o600)
    file.write_text(json.dumps(plan))


def _free_port() -> int:
    """For a sandbox that shares the machine's loopback with all others."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
