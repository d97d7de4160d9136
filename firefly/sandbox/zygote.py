"""The zygote: it has imported the bridge once, and forks each sandbox's supervisor, from which the bridge is forked.

It knows nothing of any sandbox, has one thread, and is executed as `python -I -S` with an environment of nothing. Its
standard input is a socket: a packet names a sandbox's folder and carries two descriptors, for what the supervisor
prints, and for a byte when it listens. It ends with its server, on whose end the socket is closed.
"""

import gc
import importlib
import os
import signal
import socket
import sys
import traceback
from collections.abc import Iterable
from functools import partial
from types import ModuleType
from typing import NoReturn

from firefly import privileges

from . import landlock, launch, seccomp, supervisor
from .launch import Plan
from .relocation import Relocation
from .title import Title

LONGEST_FOLDER = 4096


def main(relocation: Relocation, modules: Iterable[str]) -> None:
    """Import `modules`, let those that have a `rehearse` do it, then serve.

    What there is by then is never looked at by the collector of garbage again.
    """
    gc.disable()
    for name in modules:
        _prepare(importlib.import_module(name))
    os.closerange(3, launch.MOST_DESCRIPTORS)
    # They are the same for all, and remembered.
    seccomp.program(), landlock.version(), privileges.last_capability()
    gc.collect()
    gc.freeze()
    # Nobody waits for supervisors.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(fileno=os.dup(0)) as requests:
        serve(requests, relocation, Title())


def _prepare(module: ModuleType) -> None:
    rehearse = getattr(module, "rehearse", None)
    if rehearse is None:
        return
    try:
        rehearse()
    except Exception:
        # Bridges then make for themselves what they need.
        traceback.print_exc()


def serve(requests: socket.socket, relocation: Relocation, title: Title) -> None:
    while True:
        folder, descriptors, _, _ = socket.recv_fds(requests, LONGEST_FOLDER, 2)
        if not folder:
            return
        output, listening = descriptors
        requested = os.fsdecode(folder), output, listening
        launch.fork(partial(_supervise, requests, *requested, relocation, title))
        for descriptor in descriptors:
            os.close(descriptor)


def _supervise(
    requests: socket.socket, folder: str, output: int, listening: int, relocation: Relocation, title: Title
) -> None:
    requests.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    gc.enable()
    nothing = os.open(os.devnull, os.O_RDONLY)
    launch.arrange({0: nothing, 1: output, 2: output, 3: listening})
    os.set_inheritable(3, False)
    title.change("firefly-sandbox", folder)
    supervisor.main(folder, program=partial(_become_bridge, relocation, title), listening=3)


def _become_bridge(relocation: Relocation, title: Title, plan: Plan) -> NoReturn:
    relocation.end()
    os.environ.clear()
    os.environ.update(plan["environment"])
    title.change(*plan["command"])
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    code = 1
    try:
        code = _run(*plan["command"][-2:])
    except SystemExit as error:
        code = _code(error)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _run(option: str, program: str) -> int:
    """What follows Python on the command line: `-m` and a package of ours, or `-c` and its source."""
    sys.argv = [option]
    if option == "-m":
        return int(importlib.import_module(f"{program}.__main__").main([]))
    module = sys.modules["__main__"] = ModuleType("__main__")
    exec(compile(program, "<string>", "exec"), module.__dict__)
    return 0


def _code(error: SystemExit) -> int:
    if error.code is None or isinstance(error.code, int):
        return error.code or 0
    sys.stderr.write(f"{error.code}\n")
    return 1
