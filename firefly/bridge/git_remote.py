"""git's way to the hosted repository: the remote helper behind `firefly::origin`, and `firefly::shadow` of the bridge.

It runs once for every fetch and push, so it needs the standard library only and starts at once
(see gitremote-helpers(7); the capability is `connect`).
"""

import contextlib
import os
import socket
import sys
import threading

GATEWAY = "/run/firefly/gateway"
CONNECT_SECONDS = 10
BLOCK = 64 << 10
LONGEST_ANSWER = 1024
SHADOW = "shadow"


def main() -> int:
    for line in iter(_read_line, ""):
        command = line.strip()
        if command == "capabilities":
            _say(b"connect\n\n")
        elif command.startswith("connect "):
            return _connect(command.removeprefix("connect "))
        elif not command:
            return 0
        else:
            return _fail(f"git asked for something unknown: {command}")
    return 0


def _connect(service: str) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        try:
            answer = _ask(server, service)
        except OSError as error:
            return _fail(f"the hosted repository cannot be reached: {error.strerror or error}")
        if answer != "ok":
            return _fail(answer.removeprefix("error ") or "the hosted repository closed the connection")
        server.settimeout(None)
        _say(b"\n")
        _copy_both_ways(server)
    return 0


def _ask(server: socket.socket, service: str) -> str:
    server.settimeout(CONNECT_SECONDS)
    server.connect(os.path.join(os.environ.get("FIREFLY_GATEWAY", GATEWAY), "git.sock"))
    # Who refuses may have answered and hung up before this is written.
    with contextlib.suppress(BrokenPipeError):
        server.sendall(_greeting(service))
    return _answer(server)


def _greeting(service: str) -> bytes:
    """Shadow branches are asked for with the epoch of this sandbox."""
    wanted = f"{service} {SHADOW} {os.environ.get('FIREFLY_EPOCH', '1')}" if sys.argv[-1] == SHADOW else service
    return wanted.encode() + b"\n"


def _answer(server: socket.socket) -> str:
    """The gateway's line, byte by byte, since what follows belongs to git."""
    line = b""
    while not line.endswith(b"\n") and len(line) < LONGEST_ANSWER:
        if not (byte := server.recv(1)):
            break
        line += byte
    return line.decode(errors="replace").strip()


def _copy_both_ways(server: socket.socket) -> None:
    threading.Thread(target=_send_input, args=(server,), daemon=True).start()
    while data := server.recv(BLOCK):
        _say(data)


def _send_input(server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := os.read(0, BLOCK):
            server.sendall(data)
        server.shutdown(socket.SHUT_WR)


def _read_line() -> str:
    """Unbuffered: what follows `connect` must stay in the pipe."""
    line = b""
    while not line.endswith(b"\n"):
        if not (byte := os.read(0, 1)):
            break
        line += byte
    return line.decode(errors="replace")


def _say(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def _fail(message: str) -> int:
    sys.stderr.write(f"firefly: {message}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
