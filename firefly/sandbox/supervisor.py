"""One sandbox's supervisor: a process of its own that starts, watches and ends it, and outlives the server.

Standard library only, started as `python -I -S`. It owns bubblewrap and slirp4netns, listens on `control.sock` in
the sandbox's folder, and leaves `exit.json` there. Requests and answers on the control socket are lines of JSON.
"""

import contextlib
import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firefly import privileges

from . import launch, processes, seccomp
from .cgroups import Group
from .clients import Clients, listen
from .joining import Network

START_LIMIT = 10.0
GRACE = 3.0
WATCH_INTERVAL = 0.25
OUTPUT_KEPT = 64 << 10
PR_SET_CHILD_SUBREAPER = 36


class Supervisor:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        plan_file = folder / "plan.json"
        self.plan: launch.Plan = json.loads(plan_file.read_bytes())
        plan_file.unlink()
        self.selector = selectors.DefaultSelector()
        self.bridge: socket.socket | None = listen(folder / "bridge.sock")
        self.sockets = listen(folder / "sockets.sock") if self.plan["isolated"] and os.getuid() else None
        self.clients = Clients(self.selector, listen(folder / "control.sock"), self._answer)
        self.group: Group | None = None
        self.network: Network | None = None
        self.payload = self.init = 0
        self.output_end = self.way_out_end = self.own_log = -1
        self.output = bytearray()
        self.kill_at: float | None = None
        self.reason = ""
        self.note = ""
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
            self._keep((self.folder / "supervisor.log").read_bytes()[-OUTPUT_KEPT:])
            self._kill()
        while not self.ended:
            self._turn()
        self._finish()

    def _turn(self) -> None:
        for key, _ in self.selector.select(self._pause()):
            key.data()
        if self.kill_at is not None and time.monotonic() >= self.kill_at:
            self._kill()
        if self.init and not self.plan["cgroups"]:
            processes.end_hogs(self.init, self.plan["limits"]["memory"], self._log)

    def _pause(self) -> float | None:
        if self.kill_at is not None:
            return max(self.kill_at - time.monotonic(), 0.01)
        return None if self.plan["cgroups"] else WATCH_INTERVAL

    def _start(self) -> None:
        limits = self.plan["limits"]
        if self.plan["cgroups"]:
            self.group = Group(self.plan["cgroups"], f"firefly-{self.plan['id']}")
            self.group.make(memory=limits["memory"], cpu=limits["cpu"], pids=limits["pids"])
        assert self.bridge is not None
        info, info_write = os.pipe2(os.O_CLOEXEC)
        block_read, block = os.pipe2(os.O_CLOEXEC)
        self.output_end, output_write = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.output_end, False)
        self.own_log = os.dup(2)
        os.dup2(output_write, 2)
        inherited = {launch.BRIDGE_FD: self.bridge.fileno()}
        filter_read = launch.filled_pipe(seccomp.program())
        if self.plan["isolated"]:
            inherited |= {
                launch.INFO_FD: info_write, launch.BLOCK_FD: block_read, launch.SECCOMP_FD: filter_read
            }  # fmt: skip
        self.payload = launch.start_payload(self.plan, self.group, output_write, inherited)
        for descriptor in (info_write, block_read, output_write, filter_read):
            os.close(descriptor)
        self.bridge.close()
        self.bridge = None
        self._watch(os.pidfd_open(self.payload), self._reap)
        self._watch(self.output_end, self._take_output)
        if self.plan["isolated"]:
            self._isolate(info)
            os.write(block, b".")
            self._watch_network(self.network.open() if self.network else None)
        else:
            self.init = self.payload
        os.close(info)
        os.close(block)

    def _isolate(self, info: int) -> None:
        """Close the network before anything runs inside; bubblewrap waits until then."""
        answer = launch.read_within(info, START_LIMIT, until=b"}")
        if not answer:
            raise OSError("bubblewrap ended at once")
        self.init = json.loads(answer)["child-pid"]
        self.network = Network(self.init, slirp=self.plan["slirp"], uid=self.plan["uid"], log=self.own_log)
        self.network.refuse(self.plan["refuse"])
        if not self.plan["cgroups"]:
            limits = self.plan["limits"]
            launch.limit_process(self.init, uid=self.plan["uid"], memory=limits["memory"], pids=limits["pids"])
        if self.sockets is not None:
            self.network.hand_out(self.sockets)
            self.sockets.close()

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
            self._log("the network was lost and is opened again")
        except OSError as error:
            self._log(f"the network was lost and cannot be opened again: {error}")

    def _watch(self, source: int | socket.socket, action: Callable[[], None]) -> None:
        self.selector.register(source, selectors.EVENT_READ, action)

    def _reap(self) -> None:
        self.ended = True

    def _take_output(self) -> None:
        try:
            data = os.read(self.output_end, OUTPUT_KEPT)
        except BlockingIOError:
            return
        if not data:
            self.selector.unregister(self.output_end)
            self.output_end = -1
        self._keep(data)

    def _keep(self, data: bytes) -> None:
        self.output += data
        del self.output[:-OUTPUT_KEPT]

    def _log(self, line: str) -> None:
        self._keep(f"firefly: {line}\n".encode())

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
                self.clients.send(connection, {"answer": self.output.decode(errors="replace")})
            case "freeze" | "thaw" as wanted:
                self.clients.send(connection, {"answer": self._freeze(wanted == "freeze")})
            case "stats":
                self.clients.send(connection, {"answer": processes.stats(self.init, self.group)})
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
        self.frozen = frozen
        self.clients.tell({"event": "frozen" if frozen else "thawed"})
        return ""

    def stop(self, reason: str) -> None:
        """Ask the bridge to end, and see to it that everything has after the grace."""
        if self.kill_at is None:
            # What is frozen neither ends when it is asked nor, by version 1 of control groups, when it is killed.
            self._freeze(False)
            self.reason = reason
            self.kill_at = time.monotonic() + GRACE
            target = processes.first_child(self.init) if self.plan["isolated"] else self.payload
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
        victims = [self.init, self.payload] if isolated else processes.descendants(os.getpid())
        for pid in victims:
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if not self.payload:
            self.ended = True

    def _finish(self) -> None:
        code = os.waitstatus_to_exitcode(os.waitpid(self.payload, 0)[1]) if self.payload else None
        if self.output_end >= 0:
            self._take_output()
        self._clear()
        reason = self.reason or self.note or processes.explain(code)
        status = {
            "code": code,
            "reason": reason,
            "ended_at": time.time(),
            "requested": bool(self.reason),
            "output": self.output.decode(errors="replace"),
        }
        temporary = self.folder / "exit.json.new"
        temporary.write_text(json.dumps(status))
        temporary.rename(self.folder / "exit.json")
        self.clients.tell({"event": "ended"})

    def _clear(self) -> None:
        if self.network is not None:
            self.network.close()
        launch.reap_all(within=GRACE)
        if self.group is not None:
            self.group.remove()


def main(folder: str) -> None:
    """Bind the sockets, then go on as a process that nobody waits for; whoever started this sees it end at once."""
    supervisor = Supervisor(Path(folder))
    child = os.fork()
    if child:
        (supervisor.folder / "pid").write_text(str(child))
        os._exit(0)
    os.setsid()
    # Whatever the sandbox leaves behind falls to this process, which sees to it that it is gone.
    privileges.prctl(PR_SET_CHILD_SUBREAPER, 1)
    if supervisor.plan["cgroups"]:
        host = Group(supervisor.plan["cgroups"], f"firefly-{supervisor.plan['id']}-host")
        host.make(memory=256 << 20, cpu=supervisor.plan["limits"]["cpu"], pids=64)
        host.join()
    supervisor.run()
    sys.exit(0)
