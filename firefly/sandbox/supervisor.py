"""One sandbox's supervisor: a process of its own that starts, watches and ends it, and outlives the server.

Standard library only, forked from the zygote or executed as `python -I -S`. It owns bubblewrap and slirp4netns, listens
on `control.sock` in the sandbox's folder, and leaves `exit.json` there. Requests and answers on the control socket are
lines of JSON.
"""

import contextlib
import json
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from firefly import privileges

from . import launch, processes
from .cgroups import Group
from .clients import Clients, listen
from .disk import Usage
from .entering import Program
from .joining import Network
from .output import Output
from .payload import Payload
from .watching import Watch

GRACE = 3.0
WATCH_INTERVAL = 0.25
PR_SET_CHILD_SUBREAPER = 36


class Supervisor:
    """`program`: the bridge, where it is in memory to be forked."""

    def __init__(self, folder: Path, program: Program | None) -> None:
        self.folder = folder
        self.program = program
        with open(folder / "plan.json", encoding="utf-8") as file:
            self.plan: launch.Plan = json.load(file)
        os.unlink(file.name)
        self.selector = selectors.DefaultSelector()
        self.bridge: socket.socket | None = listen(folder / "bridge.sock")
        self.sockets = listen(folder / "sockets.sock") if self.plan["isolated"] and os.getuid() else None
        self.clients = Clients(self.selector, listen(folder / "control.sock"), self._answer)
        self.group: Group | None = None
        self.network: Network | None = None
        self.payload: Payload | None = None
        self.disk: Watch | None = None
        self.output = Output()
        self.way_out_end = -1
        self.kill_at: float | None = None
        self.reason = ""
        self.note = ""
        self.hogs = 0
        self.started = self.ended = self.frozen = False

    def run(self) -> None:
        """Start, serve until the sandbox has ended, and leave the result on disk."""
        signal.signal(signal.SIGTERM, lambda *_: self.stop("The machine is shutting down."))
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        try:
            self._start()
            self.started = True
            self.clients.tell(self._present())
        except (OSError, ValueError) as error:
            self.note = f"The sandbox could not be set up: {error}."
            self.output.keep((self.folder / "supervisor.log").read_bytes())
            self._kill()
        while not self.ended:
            self._turn()
        self._finish()

    def _turn(self) -> None:
        for key, _ in self.selector.select(self._pause()):
            key.data()
        if self.kill_at is not None and time.monotonic() >= self.kill_at:
            self._kill()
        if self.payload and not self.plan["cgroups"]:
            self.hogs += processes.end_hogs(self.payload.everyone(), self.plan["limits"]["memory"], self.output.log)
        if self.disk is not None and not self.frozen and self.kill_at is None and (note := self.disk.look()):
            self.note = note
            self._ask_to_end()

    def _pause(self) -> float | None:
        if self.kill_at is not None:
            return max(self.kill_at - time.monotonic(), 0.01)
        # What is frozen uses nothing, and neither does who watches it.
        pauses = [] if self.disk is None or self.frozen else [self.disk.pause()]
        pauses += [] if self.plan["cgroups"] else [WATCH_INTERVAL]
        return min(pauses, default=None)

    def _start(self) -> None:
        limits = self.plan["limits"]
        if self.plan["cgroups"]:
            self.group = Group(self.plan["cgroups"], f"firefly-{self.plan['id']}")
            self.group.make(memory=limits["memory"], cpu=limits["cpu"], pids=limits["pids"])
        assert self.bridge is not None
        output, listener = self.output.redirect(), self.bridge.fileno()
        payload = Payload(self.plan, self.program, self.group, listener=listener, output=output)
        payload.start()
        self.payload = payload
        self._watch(os.pidfd_open(payload.box), self._reap)
        if self.plan["isolated"]:
            self._set_up_network(payload.init)
        payload.open(self.network.namespaces if self.network else None)
        if payload.main != payload.box:
            self._watch(os.pidfd_open(payload.main), self._reap)
        os.close(output)
        self.bridge.close()
        self.bridge = None
        self._watch(self.output.end, self._take_output)
        most, place = Usage(limits["disk"], limits["files"]), self.plan["disk"]
        folders = [Path(folder) for folder in place["folders"]]
        self.disk = Watch(
            folders, most, note=Path(place["note"]), spent=lambda: processes.spent([payload.init, *payload.everyone()])
        )

    def _set_up_network(self, init: int) -> None:
        """While bubblewrap mounts, and before anything runs inside: closed to what is refused, then opened."""
        self.network = Network(init, slirp=self.plan["slirp"], uid=self.plan["uid"], log=self.output.own_log)
        self.network.refuse(self.plan["refuse"])
        self.network.begin()
        if self.sockets is not None:
            self.network.hand_out(self.sockets)
            self.sockets.close()
        self._watch_network(self.network.open())

    def _watch_network(self, pid: int | None) -> None:
        if pid is not None:
            self.way_out_end = os.pidfd_open(pid)
            self._watch(self.way_out_end, self._reopen_network)

    def _reopen_network(self) -> None:
        self.selector.unregister(self.way_out_end)
        os.close(self.way_out_end)
        assert self.network is not None
        try:
            self._watch_network(self.network.reopen())
            self.output.log("the network was lost and is opened again")
        except OSError as error:
            self.output.log(f"the network was lost and cannot be opened again: {error}")

    def _watch(self, source: int | socket.socket, action: Callable[[], None]) -> None:
        self.selector.register(source, selectors.EVENT_READ, action)

    def _reap(self) -> None:
        self.ended = True

    def _take_output(self) -> None:
        if not self.output.take():
            self.selector.unregister(self.output.end)
            self.output.end = -1

    def _present(self) -> dict[str, Any]:
        names = ("id", "workspace_id", "started_at", "isolated", "port")
        plan = {name: self.plan[name] for name in names}
        return {"event": "started", "pid": os.getpid(), "frozen": self.frozen, **plan}

    def _answer(self, connection: socket.socket, request: dict[str, Any]) -> None:
        match request["op"]:
            case "watch":
                self.clients.watchers.add(connection)
                if self.started:
                    self.clients.send(connection, self._present())
            case "stop":
                self.stop(request["reason"])
                self.clients.send(connection, {"answer": True})
            case "logs":
                self.clients.send(connection, {"answer": self.output.text()})
            case "freeze" | "thaw" as wanted:
                self.clients.send(connection, {"answer": self._freeze(wanted == "freeze")})
            case "stats":
                assert self.payload is not None
                everyone = [self.payload.init, *self.payload.everyone()]
                self.clients.send(
                    connection, {"answer": processes.stats(everyone, self.group, oom_kills=self._oom_kills())}
                )
            case "namespace" if self.network is not None:
                socket.send_fds(connection, [b"."], [self.network.namespaces.net])
            case _:
                self.clients.drop(connection)

    def _freeze(self, frozen: bool) -> str:
        """Pause all, or let it go on; returns what kept it from that."""
        if self.group is None or self.kill_at is not None:
            return ""
        try:
            self.group.freeze() if frozen else self.group.thaw()
        except OSError as error:
            return str(error)
        if self.network is not None:
            self.network.pause(frozen)
        self.frozen = frozen
        self.clients.tell({"event": "frozen" if frozen else "thawed"})
        return ""

    def stop(self, reason: str) -> None:
        """Ask the bridge to end, and see to it that everything has after the grace."""
        if self.kill_at is None:
            # What is frozen neither ends when it is asked nor, by version 1 of control groups, when it is killed.
            self._freeze(False)
            self.reason = reason
            self._ask_to_end()

    def _ask_to_end(self) -> None:
        self.kill_at = time.monotonic() + GRACE
        target = self.payload.bridge if self.payload else 0
        if target:
            with contextlib.suppress(ProcessLookupError):
                os.kill(target, signal.SIGTERM)
        else:
            self._kill()

    def _kill(self) -> None:
        """End all at once: the namespace's first process takes every other with it."""
        if self.frozen:
            self._freeze(False)
        self.kill_at = time.monotonic() + GRACE
        isolated = self.plan["isolated"]
        boxed = [self.payload.init, self.payload.box] if self.payload else []
        for pid in boxed if isolated else processes.descendants(os.getpid()):
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if self.payload is None:
            self.ended = True

    def _finish(self) -> None:
        main = self.payload.main if self.payload else 0
        code = os.waitstatus_to_exitcode(os.waitpid(main, 0)[1]) if main else None
        if self.output.end >= 0:
            self._take_output()
        oom_kills, memory = self._oom_kills(), self.plan["limits"]["memory"]
        self._clear()
        reason = self.reason or self.note or processes.explain(code, oom_kills=oom_kills, memory=memory)
        status = {
            "code": code,
            "reason": reason,
            "ended_at": time.time(),
            "requested": bool(self.reason),
            "output": self.output.text(),
        }
        temporary = self.folder / "exit.json.new"
        temporary.write_text(json.dumps(status))
        temporary.rename(self.folder / "exit.json")
        self.clients.tell({"event": "ended"})

    def _oom_kills(self) -> int:
        """How many processes were ended for want of memory."""
        with contextlib.suppress(OSError, ValueError):
            return self.group.oom_kills() if self.group is not None else self.hogs
        return 0

    def _clear(self) -> None:
        if self.network is not None:
            self.network.close()
        launch.reap_all(within=GRACE)
        if self.group is not None:
            self.group.remove()


def main(folder: str, *, program: Program | None = None, listening: int | None = None) -> NoReturn:
    """Bind the sockets, then go on as a process that nobody waits for.

    A byte is written to `listening` when the sockets are there; without it whoever started this sees it end then.
    """
    supervisor = Supervisor(Path(folder), program)
    child = 0 if listening is not None else os.fork()
    if child:
        (supervisor.folder / "pid").write_text(str(child))
        os._exit(0)
    os.setsid()
    if listening is not None:
        (supervisor.folder / "pid").write_text(str(os.getpid()))
        os.write(listening, b".")
        os.close(listening)
    # Whatever the sandbox leaves behind falls to this process, which sees to it that it is gone.
    privileges.prctl(PR_SET_CHILD_SUBREAPER, 1)
    if supervisor.plan["cgroups"]:
        host = Group(supervisor.plan["cgroups"], f"firefly-{supervisor.plan['id']}-host")
        host.make(memory=256 << 20, cpu=supervisor.plan["limits"]["cpu"], pids=64)
        host.join()
    supervisor.run()
    os._exit(0)
