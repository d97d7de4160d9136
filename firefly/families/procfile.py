"""A Procfile's processes."""

import re
from collections.abc import Mapping

NAME = "Procfile"
_PROCESS = re.compile(r"^([A-Za-z0-9_-]+):(.*)$", re.MULTILINE)


def processes(text: str | None) -> Mapping[str, str]:
    """Commands by name; of a name that comes twice the first."""
    found: dict[str, str] = {}
    for match in _PROCESS.finditer(text or ""):
        if command := match[2].strip():
            found.setdefault(match[1], command)
    return found
