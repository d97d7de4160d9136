"""A thousand sleeping targets that are asked for at once: who asks is answered, who uses others notices little."""

from tests.support.ports import free_port

from ..harness import Row, beside, started
from . import browsers
from .peers import module_command
from .rig import PROXY_CORE, Rig, program

SLEEPERS = 1000
# Kilobytes for each request that waits; times the quiet value.
MOST_MEMORY, MOST_SLOWER = 32, 2.0


def rows(rig: Rig) -> list[Row]:
    heads, folder, port = rig.folder / "heads", rig.folder / "sleepers", free_port()
    heads.write_bytes(b"\0".join(browsers.returning()))
    options = {"folder": str(folder), "port": port, "upstream": rig.upstream, "sleepers": SLEEPERS}
    with started(module_command("door", **options), core=PROXY_CORE, folder=folder, port=port) as process:
        found = program("crowd", port=port, size=SLEEPERS, pid=process.pid, heads=str(heads))
    statuses, each = found["statuses"], found["each"] / 1024
    # Browsers see a page while it starts, programs, the other half, wait for the answer itself.
    good = min(statuses.get("503", 0), SLEEPERS // 2) + statuses.get("200", 0)
    return [
        Row(f"{SLEEPERS:,} sleeping targets hit at once: answered as promised", good, "", target=f"{SLEEPERS}",
            ok=good == SLEEPERS),
        Row("memory for each that waits", round(each, 1), "KB", target=f"≤ {MOST_MEMORY} KB", ok=each <= MOST_MEMORY),
        beside("latency of other routes meanwhile, p99", found["busy"], "ms", peer="before", peer_value=found["quiet"],
               at_most=MOST_SLOWER),
        Row("latency of other routes meanwhile, the longest", round(found["worst"], 2), "ms"),
    ]  # fmt: skip
