"""What a sandbox is handed in a file, since others can read arguments and environments where containers are made."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from firefly.bridge.outer import Door

FILE, PORT = "FIREFLY_HANDED", "FIREFLY_BRIDGE_PORT"


@dataclass(frozen=True)
class Handed:
    """`digest`: the SHA-256 of the token that opens the door, in hex; None: there is no door. `environment` is added
    to the bridge's."""

    digest: str | None = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Self | None:
        """None where no file is named. Raises OSError and ValueError, which end the bridge with what was wrong."""
        name = variables.get(FILE)
        if not name:
            return None
        found = json.loads(Path(name).read_text())
        return cls(found.get("digest"), found["environment"])

    def door(self, variables: Mapping[str, str]) -> Door | None:
        return None if self.digest is None else Door(int(variables[PORT]), bytes.fromhex(self.digest))
