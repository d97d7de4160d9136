"""What tells runtimes how much memory they have, which else take the machine's for their own, and are ended."""

from collections.abc import Mapping

# Of a sandbox's memory: for objects alone, since each of them needs more than that.
_JAVA, _NODE, _GO = 50, 75, 90


def told(memory: int) -> Mapping[str, str]:
    """Variables for a sandbox of `memory` bytes. What a command is told by its arguments counts before them.

    Where memory is short Node and Java collect, and say so before they give up; Go only collects.
    """
    return {
        "JAVA_TOOL_OPTIONS": f"-XX:MaxRAM={memory} -XX:MaxRAMPercentage={_JAVA}",
        "NODE_OPTIONS": f"--max-old-space-size={memory * _NODE // 100 >> 20}",
        "GOMEMLIMIT": str(memory * _GO // 100),
    }
