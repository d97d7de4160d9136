"""Entering a sandbox by a fork: its namespaces first, then giving up all that bubblewrap would have taken away.

Standard library only: runs in children of the supervisor, which has one thread.
"""

import os
import resource
from collections.abc import Callable

from firefly import privileges

from . import landlock, launch, seccomp
from .cgroups import Group
from .launch import BRIDGE_FD, CLONE_NEWNET, CLONE_NEWUSER, Plan

CLONE_NEWPID = 0x20000000
# Of mounts, cgroup, UTS, IPC, process ids and network.
_NAMESPACES = privileges.CLONE_NEWNS | 0x02000000 | 0x04000000 | 0x08000000 | CLONE_NEWPID | CLONE_NEWNET

Program = Callable[[Plan], object]
"""Turns the process into the bridge, where all protections are in place."""


def enter(
    plan: Plan, program: Program, *, init: int, owner: int, group: Group | None, listener: int, output: int
) -> int:
    """Start the bridge in a sandbox; returns its process id, of a child of the supervisor. Raises OSError.

    `init` is a descriptor of the sandbox's first process, `owner` of the user namespace that its others belong to.
    """

    def go_in() -> None:
        if group is not None:
            group.join()
        privileges.prctl(privileges.PR_SET_DUMPABLE, 0)
        launch.leave_keyring()
        if plan["uid"] is not None:
            privileges.become(plan["uid"], plan["uid"])
        privileges.setns(owner, CLONE_NEWUSER)
        privileges.setns(init, _NAMESPACES)
        privileges.setns(init, CLONE_NEWUSER)

    def settle() -> None:
        os.chdir(plan["inside"]["cwd"])
        nothing = os.open(os.devnull, os.O_RDONLY)
        launch.arrange({0: nothing, 1: output, 2: output, BRIDGE_FD: listener})
        os.setsid()
        _limit(plan)
        _give_up(plan["inside"]["writable"])
        program(plan)

    if os.getuid() != 0:
        return _fork_twice(go_in, settle)

    def begin() -> None:
        go_in()
        settle()

    # Root may fork into the namespace of process ids from outside of it.
    with privileges.joined(init, CLONE_NEWPID, own="pid"):
        return launch.fork(begin)


def _fork_twice(go_in: Callable[[], None], settle: Callable[[], None]) -> int:
    """Only what is forked from a process that went in is in the namespace of process ids; it falls to the supervisor.

    Raises OSError.
    """
    told, tell = os.pipe2(os.O_CLOEXEC)

    def run() -> None:
        go_in()
        os.write(tell, str(launch.fork(settle)).encode())

    try:
        launch.wait_for(launch.fork(run), "the bridge could not enter the sandbox")
        return int(os.read(told, 32))
    finally:
        os.close(told)
        os.close(tell)


def _limit(plan: Plan) -> None:
    limits = plan["limits"]
    launch.limit_files(limits["open_files"], limits["disk"])
    if not plan["cgroups"]:
        resource.setrlimit(resource.RLIMIT_DATA, (limits["memory"], limits["memory"]))
        resource.setrlimit(resource.RLIMIT_NPROC, (limits["pids"], limits["pids"]))


def _give_up(writable: list[str]) -> None:
    privileges.renounce()
    privileges.prctl(privileges.PR_SET_NO_NEW_PRIVS, 1)
    privileges.prctl(privileges.PR_SET_DUMPABLE, 0)
    if landlock.version():
        landlock.keep_to(writable)
    if program := seccomp.program():
        privileges.refuse_calls(program)
