"""wrk as a test has it: under load until told to stop, and then what went wrong."""

import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

PACE = str(Path(__file__).with_name("load.lua"))


def need_wrk() -> None:
    if shutil.which("wrk") is None:
        pytest.skip("wrk is not installed")


@dataclass(frozen=True)
class Result:
    requests: int
    problems: str
    """Lines that tell of errors and of answers that are not 2xx or 3xx."""


class Load:
    """Requests to one URL, some 50 a second on each of `connections`, while the block runs."""

    def __init__(self, url: str, *, connections: int, fields: dict[str, str]) -> None:
        lines = [part for name, value in fields.items() for part in ("-H", f"{name}: {value}")]
        self._command = ("wrk", "-t1", f"-c{connections}", "-d600", "--timeout", "60", "-s", PACE, *lines, url)
        self._process: subprocess.Popen[str]
        self.result: Result

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        output = self._stop()
        done = re.search(r"(\d+) requests in", output)
        problems = re.findall(r"(?m)^\s*(?:Socket errors|Non-2xx).*$", output)
        self.result = Result(int(done[1]) if done else 0, "\n".join(problems))

    def _stop(self) -> str:
        """It counts what it has and ends; told before it has begun, it does not hear."""
        for _ in range(30):
            self._process.send_signal(signal.SIGINT)
            try:
                return self._process.communicate(timeout=1)[0]
            except subprocess.TimeoutExpired:
                continue
        self._process.kill()
        raise AssertionError("wrk does not stop")
