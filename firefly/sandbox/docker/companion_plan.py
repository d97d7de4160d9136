"""How an image of a project's own is to be run, noted beside the run for whichever server starts it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from firefly.protocol.companion import Wish
from firefly.sandbox.mounts import WORKSPACE

NOTE = "companion.json"
# What an image's own start-up commonly needs, as to bind a low port or to become another user; none of it reaches out
# of the container.
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is started: `config` is the body of the engine's call, but for what a wish says.

    `workspace` are the mounts of the project's files, `user` is whose they are. `disk` bytes it may write elsewhere.
    """

    config: Mapping[str, Any]
    workspace: Sequence[Mapping[str, Any]]
    user: str
    disk: int

    @property
    def image(self) -> str:
        """Empty: none is asked for."""
        return str(self.config["Image"])

    def of(self, image: str) -> "Plan":
        return replace(self, config={**self.config, "Image": image})

    def body(self, wish: Wish) -> dict[str, Any]:
        made = {**self.config, "Env": [f"{name}={value}" for name, value in wish.environment.items()]}
        if wish.command:
            made |= {"Entrypoint": ["/bin/sh", "-c"], "Cmd": [wish.command]}
        if wish.workspace:
            host = {**self.config["HostConfig"], "Mounts": self.workspace}
            made |= {"HostConfig": host, "WorkingDir": WORKSPACE, "User": self.user}
        return made


def note(folder: Path, plan: Plan) -> None:
    """For this server and the next one."""
    (folder / NOTE).write_text(json.dumps([plan.config, plan.workspace, plan.user, plan.disk]))


def read_note(folder: Path) -> Plan | None:
    """None: nothing was noted."""
    try:
        return Plan(*json.loads((folder / NOTE).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
