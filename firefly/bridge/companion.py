"""Stands for an image that the server runs beside this sandbox, in its network: its output, its exit status, its end.

    firefly-image               run it as it says, with the environment of this program
    firefly-image -c COMMAND    run a command in it, in the project's files
    firefly-image -e COMMAND    run a command in it, in the place of what it says

Whoever ends this program ends that, too. Standard library only: what it needs of Firefly lies beside it.
"""

import os
import socket
import sys
import time
from pathlib import Path

# As a program of its own it begins in no package.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from firefly.protocol.companion import END, ERRORS, HEAD, OUTPUT, SOCKET, End, Wish

GATEWAY = "/run/firefly/gateway"
# While its server is away, which another one follows.
PAUSE = 0.5
# What is of this sandbox and not of what runs in it.
_OWN = frozenset(
    {
        *(
            "PATH",
            "HOME",
            "USER",
            "LOGNAME",
            "SHELL",
            "TMPDIR",
            "LANG",
            "PWD",
            "OLDPWD",
            "SHLVL",
            "_",
            "HOSTNAME",
            "TERM",
        ),
        *("PYTHONUNBUFFERED", "BROWSER", "GIT_CEILING_DIRECTORIES", "SSL_CERT_FILE", "SSL_CERT_DIR"),
        *("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO"),
    }
)
_OWN_BEGINNINGS = ("FIREFLY_GATEWAY", "FIREFLY_PYTHON", "FIREFLY_BASE_PYTHON", "GIT_CONFIG_", "npm_config_", "__VITE_")


def main(arguments: list[str]) -> int:
    if arguments and (arguments[0] not in ("-c", "-e") or len(arguments) != 2):
        sys.stderr.write("usage: firefly-image [-c COMMAND | -e COMMAND]\n")
        return 2
    command, in_files = (arguments[1], arguments[0] == "-c") if arguments else ("", False)
    seen: float | None = None
    while True:
        try:
            end, seen = _follow(Wish(_environment(), command, in_files, seen), seen)
        except OSError as error:
            if seen is None:
                sys.stderr.write(f"firefly: the image cannot be run: {error.strerror or error}\n")
                return 1
            end = None
        if end is not None:
            if end.reason:
                sys.stderr.write(f"firefly: {end.reason}\n")
            return end.code
        time.sleep(PAUSE)


def _environment() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if name not in _OWN and not name.startswith(_OWN_BEGINNINGS)
    }


def _follow(wish: Wish, seen: float | None) -> "tuple[End | None, float | None]":
    """Pass on what it prints until it ends; None where the server went away, and when something was seen last."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.connect(os.path.join(os.environ.get("FIREFLY_GATEWAY", GATEWAY), SOCKET))
        server.sendall(wish.line())
        while (head := _exactly(server, HEAD.size)) is not None:
            kind, length = HEAD.unpack(head)
            content = _exactly(server, length)
            if content is None:
                break
            if kind == END:
                return End.read(content), seen
            seen = time.time()
            if kind in (OUTPUT, ERRORS):
                _print(1 if kind == OUTPUT else 2, content)
    return None, seen


def _exactly(server: socket.socket, length: int) -> bytes | None:
    """None where the connection ended first."""
    data = b""
    while len(data) < length:
        try:
            piece = server.recv(length - len(data))
        except ConnectionResetError:
            return None
        if not piece:
            return None
        data += piece
    return data


def _print(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
