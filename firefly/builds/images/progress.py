"""What `docker build --progress=plain` prints, line by line, as events."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

# Of a line without an end, and of what a failure quotes.
LONGEST, QUOTED = 64 << 10, 40
_NUMBERED = re.compile(rb"#(\d+) (.*)", re.DOTALL)
_OUTPUT = re.compile(rb"\d+\.\d+(?: (.*))?", re.DOTALL)
_INSTRUCTION = re.compile(r"\[(?!internal\b|auth\b)[^\]]*\] (.+)", re.DOTALL)
_SOURCE = re.compile(r"\[internal\] load metadata for (.+)")
_REMOTE = re.compile(r"(?:https?|git|ssh)://\S+|git@\S+")
_FRONTEND = re.compile(r"resolve image config for (?:docker-image://)?(.+)")
_CODE = re.compile(r"exit code: (\d+)")


@dataclass(frozen=True, slots=True)
class Begun:
    """An instruction of the Dockerfile is carried out, or goes on after another."""

    number: int
    command: str


@dataclass(frozen=True, slots=True)
class Printed:
    """A line that it printed, with its end; which of both streams it came by is not told."""

    number: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """The result of an earlier build is taken."""

    number: int


@dataclass(frozen=True, slots=True)
class Failed:
    """`code` is the exit status of a command; None where it was none that failed."""

    number: int
    text: str
    code: int | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """The engine itself gets something from an address, for an ADD."""

    address: str


Event = Begun | Printed | Kept | Failed


class Progress:
    """Fed with output as it comes, cut anywhere. `failed` is the instruction that failed, `quoted` what it printed."""

    def __init__(self) -> None:
        self._rest = b""
        self._commands: dict[int, str] = {}
        self._printed: dict[int, deque[str]] = {}
        self.failed: Failed | None = None
        self.last = ""
        """The last line that belongs to no instruction: what is wrong on the whole."""

    @property
    def command(self) -> str:
        """Of what failed; empty where nothing did, or no instruction."""
        return self._commands.get(self.failed.number, "") if self.failed else ""

    @property
    def quoted(self) -> list[str]:
        return list(self._printed.get(self.failed.number, ())) if self.failed else []

    def feed(self, data: bytes) -> Iterator[Event | Fetched]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            if (event := self._read(line)) is not None:
                yield event

    def end(self) -> Iterator[Event | Fetched]:
        yield from self.feed(b"\n" if self._rest else b"")

    def _read(self, line: bytes) -> Event | Fetched | None:
        numbered = _NUMBERED.fullmatch(line)
        if numbered is None:
            self.last = line.decode(errors="replace").strip() or self.last
            return None
        number, said = int(numbered[1]), numbered[2]
        if output := _OUTPUT.fullmatch(said):
            return self._output(number, output[1] or b"")
        text = said.decode(errors="replace")
        if text.startswith("ERROR: "):
            code = _CODE.search(text)
            self.failed = Failed(number, text.removeprefix("ERROR: "), int(code[1]) if code else None)
            return self.failed
        if text == "CACHED":
            return Kept(number)
        return self._begin(number, text)

    def _output(self, number: int, text: bytes) -> Printed:
        kept = self._printed.setdefault(number, deque(maxlen=QUOTED))
        kept.append(text.decode(errors="replace"))
        return Printed(number, text + b"\n")

    def _begin(self, number: int, text: str) -> Begun | Fetched | None:
        """What is read of the registry is told as the instruction that asks for it, once it fails."""
        if instruction := _INSTRUCTION.fullmatch(text):
            self._commands[number] = instruction[1]
            return Begun(number, instruction[1])
        if _REMOTE.fullmatch(text):
            return Fetched(text)
        if source := _SOURCE.fullmatch(text):
            self._commands[number] = f"FROM {source[1]}"
        elif frontend := _FRONTEND.fullmatch(text):
            self._commands[number] = f"# syntax={frontend[1]}"
        return None
