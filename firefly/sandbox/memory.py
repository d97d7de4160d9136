"""How much memory the machine has left."""

from pathlib import Path


def available_share(meminfo: Path = Path("/proc/meminfo")) -> float:
    """The share of the machine's memory, 0 to 1, that could be handed out without swapping."""
    values: dict[str, int] = {}
    for line in meminfo.read_text().splitlines():
        name, _, rest = line.partition(":")
        values[name] = int(rest.split()[0])
    return values.get("MemAvailable", 0) / values["MemTotal"]
