"""`python -m firefly.bridge`: on the descriptor FIREFLY_BRIDGE_FD, on the one that is handed out at the socket
FIREFLY_BRIDGE_FROM, at the door that FIREFLY_HANDED tells of, or with `--socket PATH` by hand.
"""

import firefly.bridge.lean  # noqa: F401, I001 - first, since it decides what the others load
import asyncio
import os
import socket
import sys
from pathlib import Path

import structlog

from firefly import log
from firefly.bridge.environment import Environment
from firefly.bridge.handed import Handed
from firefly.bridge.server import fetched, inherited, listen, run
from firefly.clock import SystemClock
from firefly.privileges import PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, prctl

WAYS = ("FIREFLY_BRIDGE_FD", "FIREFLY_BRIDGE_FROM", "FIREFLY_HANDED")


def main(arguments: list[str]) -> int:
    handed = Handed.read(os.environ)
    environment = Environment.read({**os.environ, **(handed.environment if handed else {})})
    # What is forked is already.
    if not structlog.is_configured():
        log.configure(level=os.environ.get("FIREFLY_LOG_LEVEL", "info"))
    # What runs in the sandbox has the bridge's user; without this it could take the bridge's sockets from it.
    prctl(PR_SET_DUMPABLE, 0)
    if handed is not None:
        # Services of a Swarm cannot be started so.
        prctl(PR_SET_NO_NEW_PRIVS, 1)
    listener: socket.socket | None = None
    if len(arguments) == 2 and arguments[0] == "--socket":
        listener = listen(Path(arguments[1]))
    elif environment.descriptor is not None and not arguments:
        listener = inherited(environment.descriptor)
    elif environment.giver is not None and not arguments:
        listener = fetched(environment.giver)
    elif handed is None or handed.digest is None or arguments:
        sys.stderr.write(f"usage: python -m firefly.bridge --socket PATH (else one of {', '.join(WAYS)})\n")
        return 2
    door = handed.door(os.environ) if handed else None
    asyncio.run(run(environment, listener, SystemClock(), door=door))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
