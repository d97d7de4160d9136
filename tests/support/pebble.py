"""Pebble, an ACME authority for tests, with the DNS server that it asks; all on loopback."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from .certificates import TestAuthority
from .ports import free_port

PROGRAMS = ("pebble", "pebble-challtestsrv")
START_LIMIT = 60.0

HOOK = """#!/usr/bin/env python3
import json, sys, urllib.request
action, record, value = sys.argv[1:]
call = "set-txt" if action == "set" else "clear-txt"
data = json.dumps({"host": record + ".", "value": value}).encode()
urllib.request.urlopen("http://127.0.0.1:MANAGEMENT/" + call, data, 30).read()
with open("LOG", "a") as log:
    log.write(action + " " + record + "\\n")
"""

missing = [program for program in PROGRAMS if shutil.which(program) is None]
# With CI set, a missing part is a failure.
needs_pebble = pytest.mark.skipif(bool(missing) and not os.environ.get("CI"), reason=f"{missing} not installed")


@dataclass
class Pebble:
    """Looks at `http_port` for pages, and answers every name with 127.0.0.1."""

    folder: Path
    http_port: int = field(default_factory=free_port)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._authority = TestAuthority.make(self.folder / "api")
        api = self._authority.issue("api", "127.0.0.1", "localhost")
        self._port, self._management, self._dns, self._records = (free_port() for _ in range(4))
        config = {
            "listenAddress": f"127.0.0.1:{self._port}",
            "managementListenAddress": f"127.0.0.1:{self._management}",
            "certificate": str(api.certificate),
            "privateKey": str(api.key),
            "httpPort": self.http_port,
            "tlsPort": free_port(),
        }
        (self.folder / "pebble.json").write_text(json.dumps({"pebble": config}))
        hook = HOOK.replace("MANAGEMENT", str(self._records)).replace("LOG", str(self.folder / "hook.log"))
        (self.folder / "hook").write_text(hook)
        (self.folder / "hook").chmod(0o755)
        try:
            without = [text for server in ("-http01", "-https01", "-tlsalpn01") for text in (server, "")]
            names = f"127.0.0.1:{self._dns}"
            records = ["-dns01", names, "-management", f"127.0.0.1:{self._records}", "-defaultIPv6", ""]
            self._start(["pebble-challtestsrv", *records, *without])
            self._start(["pebble", "-config", str(self.folder / "pebble.json"), "-dnsserver", names])
            for port in (self._records, self._dns, self._port, self._management):
                self._wait(port)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes:
            process.kill()
            process.wait(30)

    @property
    def directory(self) -> str:
        return f"https://127.0.0.1:{self._port}/dir"

    @property
    def roots(self) -> Path:
        """What its own https is checked with."""
        return self._authority.root

    @property
    def hook(self) -> str:
        return str(self.folder / "hook")

    @property
    def hooked(self) -> list[str]:
        """What the hook was told, in order."""
        path = self.folder / "hook.log"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def names(self) -> str:
        """Its DNS server, as in FIREFLY_DNS_SERVERS."""
        return f"127.0.0.1:{self._dns}"

    def set_text(self, name: str, text: str) -> None:
        """Let that DNS server have a TXT record."""
        data = json.dumps({"host": f"{name}.", "value": text}).encode()
        urllib.request.urlopen(f"http://127.0.0.1:{self._records}/set-txt", data, 30).read()

    def client(self) -> ssl.SSLContext:
        """Trusts what it signs."""
        url, own = f"https://127.0.0.1:{self._management}/roots/0", self._authority.client()
        with urllib.request.urlopen(url, timeout=30, context=own) as answer:
            return ssl.create_default_context(cadata=answer.read().decode())

    def _start(self, command: list[str]) -> None:
        # At full speed, and without the wrong answers that its library is tested with elsewhere.
        environment = os.environ | {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}
        with (self.folder / f"{command[0]}.log").open("ab") as log:
            self.processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))

    def _wait(self, port: int) -> None:
        deadline = time.monotonic() + START_LIMIT
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                logs = "\n".join(path.read_text()[-1000:] for path in self.folder.glob("*.log"))
                dead = [process.args for process in self.processes if process.poll() is not None]
                assert not dead, f"{dead} ended: {logs}"
                assert time.monotonic() < deadline, f"nothing listens on {port}: {logs}"
                time.sleep(0.02)
