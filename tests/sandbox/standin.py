"""A stand-in for the bridge, run inside sandboxes by tests: answers health checks, and runs commands as it does.

What is sent to `/self` is Python that runs in its own process.
"""

import contextlib
import http.server
import io
import json
import os
import socket
import socketserver
import subprocess
import traceback

LIMIT = 90


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer({"pid": os.getpid()})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/self":
            return self._run_here(body)
        done = subprocess.run(json.loads(body)["command"], capture_output=True, timeout=LIMIT, check=False)
        texts = [part.decode(errors="replace") for part in (done.stdout, done.stderr)]
        self._answer({"exit_code": done.returncode, "stdout": texts[0], "stderr": texts[1]})

    def _run_here(self, source: bytes) -> None:
        said, failed = io.StringIO(), ""
        with contextlib.redirect_stdout(said):
            try:
                exec(source, {})
            except BaseException:
                failed = traceback.format_exc()
        self._answer({"code": bool(failed), "stdout": said.getvalue(), "stderr": failed})

    def _answer(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "server"

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


class Server(socketserver.ThreadingMixIn, socketserver.BaseServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("", 0), Handler)
        self.socket = socket.socket(fileno=int(os.environ["FIREFLY_BRIDGE_FD"]))
        self.socket.set_inheritable(False)

    def fileno(self) -> int:
        return self.socket.fileno()

    def get_request(self):  # type: ignore[no-untyped-def]
        return self.socket.accept()


if __name__ == "__main__":
    os.write(1, b"stand-in ready\n")
    Server().serve_forever()
