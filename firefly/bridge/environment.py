"""What the sandbox tells the bridge by environment variables, and the environment of what the bridge starts."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from firefly.bridge import runtimes

TOOLS = Path(__file__).parent / "bin"
_TEMPLATES = Path(__file__).parent.parent / "projects" / "templates"
_OWN = frozenset(
    {
        *("PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH", "PYTHONNOUSERSITE", "PYTHONDONTWRITEBYTECODE"),
        "PYDANTIC_DISABLE_PLUGINS",
    }
)
DEFAULT_PORT = 3000


@dataclass(frozen=True)
class Environment:
    """`host` is where applications are told to listen; inside a sandbox the loopback is its own.

    The bridge accepts on `descriptor`, or on one that is handed out at the socket `giver`.
    `port_is_fixed`: the port counts whatever firefly.yml says, because the network is shared with others. `epoch` is
    the workspace's at the start of this sandbox; what a later one has saved, this one cannot overwrite.
    """

    workspace: Path
    workspace_id: str
    home: Path
    templates: Path
    prepared: Path | None
    gateway: Path
    epoch: int
    host: str
    port: int
    port_is_fixed: bool
    descriptor: int | None
    giver: Path | None
    inherited: Mapping[str, str]
    quiet: bool = False
    """Nothing is to be started: this run is for keeping what is in the workspace elsewhere."""
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    """Given by the server, never written down here; replaced as a whole by `give`."""

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "Environment":
        prepared, descriptor = variables.get("FIREFLY_PREPARED"), variables.get("FIREFLY_BRIDGE_FD")
        giver = variables.get("FIREFLY_BRIDGE_FROM")
        return cls(
            workspace=Path(variables.get("FIREFLY_WORKSPACE", "/workspace")),
            workspace_id=variables.get("FIREFLY_WORKSPACE_ID", ""),
            home=Path(variables.get("HOME", "/home/firefly")),
            templates=Path(variables.get("FIREFLY_TEMPLATES", str(_TEMPLATES))),
            prepared=Path(prepared) if prepared else None,
            gateway=Path(variables.get("FIREFLY_GATEWAY", "/run/firefly/gateway")),
            epoch=int(variables.get("FIREFLY_EPOCH", 1)),
            host=variables.get("FIREFLY_APPLICATION_HOST", "127.0.0.1"),
            port=int(variables.get("FIREFLY_APPLICATION_PORT", DEFAULT_PORT)),
            port_is_fixed="FIREFLY_APPLICATION_PORT" in variables,
            descriptor=int(descriptor) if descriptor else None,
            giver=Path(giver) if giver else None,
            inherited=_for_children(variables),
            quiet=variables.get("FIREFLY_QUIET") == "1",
        )

    @property
    def state(self) -> Path:
        """Where the bridge keeps what must outlive it; not part of the project."""
        return self.home / ".firefly"

    def child(self, **more: str) -> dict[str, str]:
        """The environment of terminals, commands and applications."""
        # A workspace without a repository must not be taken for a part of one above it.
        ceiling = str(self.workspace.resolve().parent)
        own = {"HOME": str(self.home), "GIT_CEILING_DIRECTORIES": ceiling}
        return {**self.inherited, **self.secrets, **own, **more}

    def give(self, secrets: Mapping[str, str]) -> bool:
        """What is started from now on has these secrets and no others; whether that is a change."""
        changed = self.secrets != secrets
        self.secrets.clear()
        self.secrets.update(secrets)
        return changed

    def shell(self) -> str:
        return self.inherited.get("SHELL") or shutil.which("bash") or "/bin/sh"


def _for_children(variables: Mapping[str, str]) -> Mapping[str, str]:
    kept = {
        key: value
        for key, value in variables.items()
        if key not in _OWN and (not key.startswith("FIREFLY_") or key == "FIREFLY_GATEWAY")
    }
    kept["PATH"] = os.pathsep.join([str(TOOLS), variables.get("PATH", os.defpath)])
    # The remote helper runs on the bridge's own Python, whatever the project puts on its PATH.
    kept["FIREFLY_PYTHON"] = sys.executable
    kept.setdefault("LANG", "C.UTF-8")
    if memory := variables.get("FIREFLY_MEMORY"):
        kept = {**runtimes.told(int(memory)), **kept}
    kept["GIT_CONFIG_COUNT"] = "2"
    kept["GIT_CONFIG_KEY_0"], kept["GIT_CONFIG_VALUE_0"] = "safe.directory", "*"
    kept["GIT_CONFIG_KEY_1"], kept["GIT_CONFIG_VALUE_1"] = "init.defaultBranch", "main"
    return kept
