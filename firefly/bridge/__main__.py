"""`python -m firefly.bridge`: on the descriptor FIREFLY_BRIDGE_FD, or with `--socket PATH` by hand."""

import firefly.bridge.lean  # noqa: F401, I001 - first, since it decides what the others load
import asyncio
import os
import sys
from pathlib import Path

from firefly import log
from firefly.bridge.environment import Environment
from firefly.bridge.server import inherited, listen, run
from firefly.clock import SystemClock
from firefly.privileges import PR_SET_DUMPABLE, prctl


def main(arguments: list[str]) -> int:
    environment = Environment.read(os.environ)
    log.configure(level=os.environ.get("FIREFLY_LOG_LEVEL", "info"))
    # What runs in the sandbox has the bridge's user; without this it could take the bridge's sockets from it.
    prctl(PR_SET_DUMPABLE, 0)
    if len(arguments) == 2 and arguments[0] == "--socket":
        listener = listen(Path(arguments[1]))
    elif environment.descriptor is not None and not arguments:
        listener = inherited(environment.descriptor)
    else:
        sys.stderr.write("usage: python -m firefly.bridge --socket PATH (or FIREFLY_BRIDGE_FD in the environment)\n")
        return 2
    asyncio.run(run(environment, listener, SystemClock()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
