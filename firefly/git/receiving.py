"""What a push asks for and what git answered, read from the bytes that pass by."""

import re
from collections.abc import Sequence

from ..errors import InvalidInput, TooLarge
from .model import RefChange
from .pktline import PacketReader

_COMMAND = re.compile(rb"([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) ([^\x00-\x20\x7f]{1,1024})\n?")
MOST_COMMANDS = 5000
MOST_BYTES = 4 << 20


class CommandReader:
    """The head of a push: the commands, up to the flush. What follows (options, the pack) is not looked at."""

    def __init__(self) -> None:
        self._packets = PacketReader()
        self._size = 0
        self._done = False
        self._first = True
        self.changes: list[RefChange] = []
        self.capabilities: frozenset[str] = frozenset()

    @property
    def done(self) -> bool:
        return self._done

    @property
    def sideband(self) -> bool:
        return "side-band-64k" in self.capabilities

    def feed(self, data: bytes) -> None:
        """Raises InvalidInput for what is no push, TooLarge beyond 5000 refs."""
        self._size += len(data)
        for payload in self._packets.feed(data):
            if payload is None:
                self._done = True
                return
            self._take(payload)
        if self._size > MOST_BYTES:
            raise TooLarge("The push names more refs than Firefly takes at once.")

    def _take(self, payload: bytes) -> None:
        if payload.startswith((b"shallow ", b"push-cert")):
            if payload.startswith(b"push-cert"):
                raise InvalidInput("Firefly does not take signed pushes: push without --signed.")
            return
        command, _, capabilities = payload.partition(b"\x00")
        if self._first:
            self.capabilities = frozenset(capabilities.decode("utf-8", "replace").split())
            self._first = False
        match = _COMMAND.fullmatch(command)
        if match is None:
            raise InvalidInput("That is not a push.")
        if len(self.changes) >= MOST_COMMANDS:
            raise TooLarge(f"The push names more than {MOST_COMMANDS} refs. Push them in several goes.")
        old, new, ref = (part.decode("utf-8", "replace") for part in match.groups())
        self.changes.append(RefChange(ref=ref, old=old, new=new))


class ReportReader:
    """git's answer to a push (report-status), plain or inside the sideband."""

    def __init__(self, *, sideband: bool = True, after_advertisement: bool = False) -> None:
        self._sideband = sideband
        self._skipping = after_advertisement
        self._outer = PacketReader()
        self._inner = PacketReader()
        self._accepted: set[str] = set()
        self._broken = False
        self.seen = False

    def set_sideband(self, sideband: bool) -> None:
        self._sideband = sideband

    def feed(self, data: bytes) -> None:
        if self._broken:
            return
        try:
            for payload in self._outer.feed(data):
                self._packet(payload)
        except InvalidInput:
            self._broken = True

    def _packet(self, payload: bytes | None) -> None:
        if self._skipping:
            self._skipping = payload is not None
        elif payload is not None and not self._sideband:
            self._line(payload)
        elif payload is not None and payload[:1] == b"\x01":
            for line in self._inner.feed(payload[1:]):
                self._line(line or b"")

    def _line(self, line: bytes) -> None:
        word, _, rest = line.rstrip(b"\n").partition(b" ")
        if word == b"unpack":
            self.seen = True
        elif word == b"ok":
            self._accepted.add(rest.decode("utf-8", "replace"))

    def accepted(self, changes: Sequence[RefChange]) -> list[RefChange]:
        return [change for change in changes if change.ref in self._accepted]
