"""What a sandbox prints, and what its supervisor has to say about it: the last 64 KiB. Standard library only."""

import os

KEPT = 64 << 10


class Output:
    """`end` is where it is read, -1 before `redirect` and after its end."""

    def __init__(self) -> None:
        self.end = self.own_log = -1
        self._kept = bytearray()

    def redirect(self) -> int:
        """Take in what this process writes to its standard error, too; returns where others are to write, or close."""
        self.end, write = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.end, False)
        self.own_log = os.dup(2)
        os.dup2(write, 2)
        return write

    def take(self) -> bool:
        """Keep what is there; False where nobody writes any more."""
        try:
            data = os.read(self.end, KEPT)
        except BlockingIOError:
            return True
        self.keep(data)
        return bool(data)

    def keep(self, data: bytes) -> None:
        self._kept += data
        del self._kept[:-KEPT]

    def log(self, line: str) -> None:
        self.keep(f"firefly: {line}\n".encode())

    def text(self) -> str:
        return self._kept.decode(errors="replace")
