"""Raw tunnels that the app asks for: it registers a target and names the handle in `X-Firefly-Tunnel`."""

import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from firefly.routes import BridgeTarget, Target

HANDLE_FIELD: Final = "X-Firefly-Tunnel"
TARGET_FIELD: Final = "X-Firefly-Tunnel-Target"
FIELD_PREFIX: Final = "X-Firefly-Tunnel-Header-"

Elsewhere: TypeAlias = Callable[[str], Awaitable[Target | None]]


class Tunnels:
    """Opaque handles, each good for one tunnel and for a short time.

    The app answers an upgrade request with status 200 and the fields

    - `X-Firefly-Tunnel: <handle>`: replay the upgrade to the registered target;
    - `X-Firefly-Tunnel-Target: /bridge`: with this request target instead of the client's (optional);
    - `X-Firefly-Tunnel-Header-<Name>: <value>`: with this field, in place of the client's own (any number), as in
      `X-Firefly-Tunnel-Header-X-Firefly-Member: {"id": ...}`.

    Cookie, Authorization and X-Firefly-* fields of the client are never replayed.
    """

    def __init__(self, *, lifetime: float = 30, most: int = 10_000, now: Callable[[], float] = time.monotonic) -> None:
        self._lifetime = lifetime
        self._most = most
        self._now = now
        self._waiting: dict[str, tuple[float, Target]] = {}
        self._elsewhere: Elsewhere | None = None

    def register(self, target: Target) -> str:
        """A handle for one tunnel to `target`."""
        self._forget()
        handle = secrets.token_urlsafe(18)
        self._waiting[handle] = (self._now() + self._lifetime, target)
        return handle

    def take(self, handle: str) -> Target | None:
        """Redeem a handle: once, and in time."""
        until, target = self._waiting.pop(handle, (0.0, None))
        return target if until >= self._now() else None

    async def redeem(self, handle: str) -> Target | None:
        """As `take`; what is not known here may be known elsewhere."""
        target = self.take(handle)
        return await self._elsewhere(handle) if target is None and self._elsewhere is not None else target

    def ask(self, elsewhere: "Elsewhere | None") -> None:
        """Have `elsewhere` asked about handles that were not registered here."""
        self._elsewhere = elsewhere

    def cut(self, ended: Callable[[object], bool]) -> None:
        """Forget the handles of tunnels whose holder has `ended`."""
        for handle, (_, target) in list(self._waiting.items()):
            if isinstance(target, BridgeTarget) and target.holder is not None and ended(target.holder):
                del self._waiting[handle]

    def _forget(self) -> None:
        now = self._now()
        while self._waiting:
            oldest = next(iter(self._waiting))
            if len(self._waiting) < self._most and self._waiting[oldest][0] >= now:
                return
            del self._waiting[oldest]
