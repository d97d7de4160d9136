"""git's pkt-lines: frames of four hexadecimal digits and a payload, and the sideband inside them."""

from collections.abc import Iterator

from ..errors import InvalidInput

FLUSH = b"0000"
LARGEST = 65520
PROGRESS = 2


def packet(payload: bytes) -> bytes:
    return b"%04x" % (len(payload) + 4) + payload


def remote_message(line: str) -> bytes:
    """A line that the client shows as `remote: …`; needs the side-band-64k capability."""
    return packet(bytes([PROGRESS]) + line.encode()[: LARGEST - 6] + b"\n")


class PacketReader:
    """Takes bytes as they come, gives whole packets: the payload, or None for a flush."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes | None]:
        """Raises InvalidInput for what is no pkt-line."""
        self._buffer += data
        while len(self._buffer) >= 4:
            length = _length(bytes(self._buffer[:4]))
            if length == 0:
                del self._buffer[:4]
                yield None
                continue
            if len(self._buffer) < length:
                return
            payload = bytes(self._buffer[4:length])
            del self._buffer[:length]
            yield payload

    def rest(self) -> bytes:
        """What came after the last whole packet."""
        return bytes(self._buffer)


def _length(digits: bytes) -> int:
    # int() alone would take "0x1f", " 1f" and "1_f" too.
    if not all(digit in b"0123456789abcdefABCDEF" for digit in digits):
        raise InvalidInput("That is not git's protocol.")
    length = int(digits, 16)
    if 0 < length < 4 or length > LARGEST:
        raise InvalidInput("That is not git's protocol.")
    return length
