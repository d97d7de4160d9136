"""How late the event loop is: what a timer of the kernel's, which fires to the microsecond, waits until it is heard."""

import asyncio
import ctypes
import os
import sys
import time
from typing import Final

from .tally import SPANS, span

EVERY: Final = 0.1

_CLOCK_MONOTONIC: Final = 1
_TFD_NONBLOCK: Final = os.O_NONBLOCK
_libc = ctypes.CDLL(None, use_errno=True)


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Timer(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("first", _Timespec))


class Lag:
    """Looks ten times a second while it runs.

    The loop's own timers are rounded to milliseconds, which is more than the lag of a loop that is well.
    """

    def __init__(self) -> None:
        self.spans = [0] * SPANS
        self.seconds = 0.0
        """All lags together."""
        self.longest = 0.0
        """Since `take_longest` was last called."""
        self._descriptor = -1
        self._due = 0.0
        self._loop: asyncio.AbstractEventLoop

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Raises OSError where there are no timers that are descriptors."""
        self._loop = loop
        self._descriptor = _libc.timerfd_create(_CLOCK_MONOTONIC, _TFD_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        every = _Timespec(0, round(EVERY * 1e9))
        self._due = time.monotonic() + EVERY
        if _libc.timerfd_settime(self._descriptor, 0, ctypes.byref(_Timer(every, every)), None):
            raise OSError(ctypes.get_errno(), "timerfd_settime")
        loop.add_reader(self._descriptor, self._heard)

    def close(self) -> None:
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def take_longest(self) -> float:
        longest, self.longest = self.longest, 0.0
        return longest

    def _heard(self) -> None:
        late = max(0.0, time.monotonic() - self._due)
        self.spans[span(late)] += 1
        self.seconds += late
        self.longest = max(self.longest, late)
        times = int.from_bytes(os.read(self._descriptor, 8), sys.byteorder)
        self._due += times * EVERY
