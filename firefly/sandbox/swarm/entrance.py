"""The first process of a sandbox in a Swarm: closes its network, starts the bridge as a user without any right, and
ends the sandbox when its files take up too much.

It begins as root with a few capabilities, of which two are left once the bridge runs: to look at every file, and to end
every process. Standard library only.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from firefly import privileges
from firefly.owngroup import OwnGroup
from firefly.sandbox import launch
from firefly.sandbox.disk import Usage
from firefly.sandbox.processes import explain

from . import closing
from .scales import Scales

VARIABLE = "FIREFLY_ENTRANCE"
# The code of a sandbox that ended for a reason that is in the last line printed.
EXPLAINED = 100
PREFIX = "firefly: "
GRACE = 3.0
NICENESS = 10
KILLED = 128 + signal.SIGKILL
DAC_READ_SEARCH, KILL = 2, 5
CHILD = frozenset({signal.SIGCHLD})


class Entrance:
    """`plan`: the networks `refused`, the `user`, the `folders` whose files are measured, one for sockets that is made
    `open` to that user, and limits as of Limits.
    """

    def __init__(self, plan: Mapping[str, Any], command: Sequence[str]) -> None:
        self._plan = plan
        self._command = command
        self._group = OwnGroup()
        self._main = 0
        self._full = False
        self._kill_at: float | None = None

    def run(self) -> int:
        """Returns the code to exit with: the command's, where it ended by itself."""
        closing.close(self._plan["refused"])
        os.chmod(self._plan["open"], 0o1777)
        signal.pthread_sigmask(signal.SIG_BLOCK, CHILD)
        self._main = launch.fork(self._enter)
        privileges.renounce(DAC_READ_SEARCH, KILL)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._pass_on)
        os.nice(NICENESS)
        return self._mind()

    def _enter(self) -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, CHILD)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            # Which Python ignores, and whoever is executed would, too.
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        launch.limit_files(self._plan["open_files"], self._plan["disk"])
        privileges.close_bounds()
        privileges.become(self._plan["user"], self._plan["user"])
        privileges.hold()
        os.execvp(self._command[0], [*self._command])

    def _pass_on(self, number: int, _: FrameType | None) -> None:
        os.kill(self._main, number)

    def _mind(self) -> int:
        most, folders = Usage(self._plan["disk"], self._plan["files"]), [Path(path) for path in self._plan["folders"]]
        scales = Scales(folders, most, spent=self._spent)
        while (code := self._collect()) is None:
            signal.sigtimedwait(CHILD, scales.pause())
            if not self._full and (said := scales.look()):
                self._stop(said)
            if self._kill_at is not None and time.monotonic() >= self._kill_at:
                os.kill(-1, signal.SIGKILL)
        return self._told(code)

    def _spent(self) -> float:
        """Of the processor; where that cannot be seen, it may always have been all."""
        return self._group.cpu_seconds() or time.monotonic()

    def _told(self, code: int) -> int:
        """The code to exit with, once the reason has been printed where it tells of one."""
        if not self._full and code == KILLED and (kills := self._group.oom_kills()):
            _say(explain(code, oom_kills=kills, memory=self._plan["memory"]))
        elif not self._full:
            return 1 if code == EXPLAINED else code
        return EXPLAINED

    def _collect(self) -> int | None:
        """The command's code once it has ended; whatever else ends here fell to the first process, and is forgotten."""
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return None
            if pid == self._main:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code

    def _stop(self, said: str) -> None:
        """Ask the bridge to end, so that it saves what it may, and see to it a little later."""
        self._full = True
        self._kill_at = time.monotonic() + GRACE
        _say(said)
        os.kill(self._main, signal.SIGTERM)


def _say(sentence: str) -> None:
    os.write(2, f"{PREFIX}{sentence}\n".encode())


def main() -> int:
    plan = json.loads(os.environ.pop(VARIABLE))
    try:
        return Entrance(plan, sys.argv[1:]).run()
    except OSError as error:
        _say(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())
