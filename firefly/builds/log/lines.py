"""What a command prints, cut anywhere, made lines that can be kept and shown: whole, printable, without secrets."""

from collections.abc import Callable

from .masking import Masks

LONGEST = 64 << 10
# What a notice may take of that.
NOTICE = 100
# Colours begin with an escape, so that is kept. Others are shown as Unicode's pictures of them.
_SHOWN = bytes(sorted(set(range(256)) - set(range(32)) - {127} | set(b"\t\n\r\x1b")))
_PICTURES = {code: 0x2400 + code for code in range(32) if code not in _SHOWN} | {127: 0x2421}


class Lines:
    """One stream of one step. What it gives are lines joined by line ends, without the last of these."""

    def __init__(self, masks: Masks) -> None:
        self._masks = masks
        self._rest = bytearray()
        self._left_out = 0
        """Bytes of the line that has begun beyond those that are kept."""
        self._given = False
        """The beginning of the line that has begun was given as a line."""

    def feed(self, data: bytes) -> bytes | None:
        """None where no line ended."""
        first, end, more = data.partition(b"\n")
        self._extend(first)
        if not end:
            return None
        ended = self._take()
        whole, end, rest = more.rpartition(b"\n")
        self._extend(rest)
        parts = ([ended] if ended is not None else []) + ([whole] if end else [])
        return self._cleaned(b"\n".join(parts)) if parts else None

    def end(self) -> bytes | None:
        """What is left is a line too."""
        ended = self._take() if self._rest else None
        return None if ended is None else self._cleaned(ended)

    def pause(self) -> bytes | None:
        """What has begun, for whoever waits to see it; not where that may cut a secret in two."""
        if not self._rest or self._left_out or self._masks.begins_in(bytes(self._rest[-self._masks.longest :])):
            return None
        begun = self._take()
        self._given = True
        return None if begun is None else self._cleaned(begun)

    def _extend(self, data: bytes) -> None:
        # A carriage return starts the line anew, as on a terminal: of a progress bar the last state is kept.
        shown = data.rstrip(b"\r")
        restart = shown.rfind(b"\r") + 1
        if restart or (shown and self._rest.endswith(b"\r")):
            self._rest.clear()
            self._left_out = 0
        room = LONGEST + self._masks.longest - len(self._rest)
        kept = data[restart : restart + max(0, room)]
        self._rest += kept
        self._left_out += len(data) - restart - len(kept)

    def _take(self) -> bytes | None:
        """The line that has begun, as far as it is kept; None where all of it was given before."""
        line, left_out, given = bytes(self._rest), self._left_out, self._given
        self._rest.clear()
        self._left_out, self._given = 0, False
        if given and not line:
            return None
        return _cut(self._masks.hide(line), left_out) if left_out else line

    def _cleaned(self, text: bytes) -> bytes:
        if b"\r" in text:
            text = _each(text.replace(b"\r\n", b"\n"), lambda line: line.rstrip(b"\r").rpartition(b"\r")[2])
        text = _printable(self._masks.hide(text))
        return text if len(text) <= LONGEST else _each(text, _cut)


def _each(text: bytes, change: Callable[[bytes], bytes]) -> bytes:
    return b"\n".join(map(change, text.split(b"\n")))


def _cut(line: bytes, more: int = 0) -> bytes:
    """A line of at most LONGEST bytes, with notice of what was left out of it and of `more`."""
    if len(line) + more <= LONGEST:
        return line
    kept = line[: LONGEST - NOTICE].decode(errors="ignore").encode()
    return kept + f" … {more + len(line) - len(kept):,} bytes of this line left out".encode()


def _printable(text: bytes) -> bytes:
    if text.translate(None, _SHOWN):
        return text.decode(errors="replace").translate(_PICTURES).encode()
    if text.isascii():
        return text
    try:
        text.decode()
    except UnicodeDecodeError:
        return text.decode(errors="replace").encode()
    return text
