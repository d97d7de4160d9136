"""What runs below a supervisor: bubblewrap, which makes the sandbox, and the bridge in it, executed or forked.

Standard library only: runs in the supervisor, which has one thread, so that it may fork.
"""

import json
import os
from typing import NoReturn

from . import entering, launch, seccomp
from .cgroups import Group
from .entering import Program
from .joining import Namespaces
from .launch import BLOCK_FD, BRIDGE_FD, INFO_FD, SECCOMP_FD, Plan
from .processes import descendants, first_child

START_LIMIT = 10.0
# What bubblewrap runs where the bridge is forked: it answers once everything is mounted, and from then on only waits.
HOLDER = "/bin/cat"


class Payload:
    """`program`: the bridge, where the supervisor has it in memory, so that it is forked and not executed.

    Process ids are 0 until there is one: `box` is bubblewrap or, without isolation, the bridge; `init` the sandbox's
    first process.
    """

    def __init__(self, plan: Plan, program: Program | None, group: Group | None, *, listener: int, output: int) -> None:
        self.box = self.init = self._forked = 0
        self._plan = plan
        self._program = program if plan["isolated"] else None
        self._group = group
        self._listener = listener
        self._output = output
        self._hold = self._answer = -1

    @property
    def main(self) -> int:
        """The child whose end is that of the sandbox, and whose exit code counts."""
        return self._forked if self._program else self.box

    @property
    def bridge(self) -> int:
        """The process to ask to end."""
        if self._forked or not self._plan["isolated"]:
            return self.main
        return first_child(self.init)

    def everyone(self) -> list[int]:
        """All processes in the sandbox but its first; orphans fall to that, so none is missed."""
        return [*descendants(self.init), *([self._forked, *descendants(self._forked)] if self._forked else [])]

    def start(self) -> None:
        """Start bubblewrap, in which nothing runs yet; where there is none, the bridge. Raises OSError."""
        if not self._plan["isolated"]:
            self.box = self.init = self._execute(self._plan["command"], {BRIDGE_FD: self._listener})
            return
        told, tell = os.pipe2(os.O_CLOEXEC)
        held, self._hold = os.pipe2(os.O_CLOEXEC)
        options = [*self._plan["box"], "--info-fd", str(INFO_FD)]
        if self._program:
            self._answer, other = os.pipe2(os.O_CLOEXEC)
            self.box = self._execute([*options, "--", HOLDER], {0: held, 1: other, INFO_FD: tell})
        else:
            other = launch.filled_pipe(seccomp.program())
            options += ["--block-fd", str(BLOCK_FD)]
            options += ["--seccomp", str(SECCOMP_FD)] if seccomp.program() else []
            numbers = {BRIDGE_FD: self._listener, INFO_FD: tell, BLOCK_FD: held, SECCOMP_FD: other}
            self.box = self._execute([*options, "--", *self._plan["command"]], numbers)
        for descriptor in (tell, held, other):
            os.close(descriptor)
        self.init = _read_init(told)
        if not self._program and not self._plan["cgroups"]:
            limits = self._plan["limits"]
            launch.limit_process(self.init, uid=self._plan["uid"], memory=limits["memory"], pids=limits["pids"])

    def open(self, namespaces: Namespaces | None) -> None:
        """Let the bridge begin, once its network is closed. Raises OSError."""
        if namespaces is None:
            return
        os.write(self._hold, b".")
        if self._program is None:
            return
        init = os.pidfd_open(self.init)
        if not launch.read_within(self._answer, START_LIMIT):
            raise OSError("bubblewrap ended at once")
        os.close(self._answer)
        self._forked = entering.enter(
            self._plan,
            self._program,
            init=init,
            owner=namespaces.user,
            group=self._group,
            listener=self._listener,
            output=self._output,
        )
        os.close(init)

    def _execute(self, command: list[str], descriptors: dict[int, int]) -> int:
        """Returns the process id."""
        plan = self._plan

        def run() -> NoReturn:
            if self._group is not None:
                self._group.join()
            launch.limit_files(plan["limits"]["open_files"], plan["limits"]["disk"])
            launch.leave_keyring()
            nothing = os.open(os.devnull, os.O_RDONLY)
            launch.arrange({0: nothing, 1: self._output, 2: self._output, **descriptors})
            if plan["uid"] is not None:
                launch.drop_root(plan)
            os.chdir(plan["cwd"])
            os.execve(command[0], command, {} if self._program else dict(plan["environment"]))

        return launch.fork(run)


def _read_init(told: int) -> int:
    """The sandbox's first process, as bubblewrap tells it."""
    answer = launch.read_within(told, START_LIMIT, until=b"}")
    os.close(told)
    if not answer:
        raise OSError("bubblewrap ended at once")
    return int(json.loads(answer)["child-pid"])
