"""All certificates of a server: which one a handshake gets, and how new files take the place of old ones."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

import structlog

from firefly.errors import InvalidInput

from .certificate import Certificate, Pair, read, server_context

log = structlog.get_logger()

# How often files are looked at, in seconds.
EVERY = 5.0


class Shelf:
    """`context` is what listeners are handed; it stays the same however often the files change."""

    def __init__(self, pairs: Iterable[Pair] = ()) -> None:
        """Raises InvalidInput for files that cannot be served: a server that starts must not do so half."""
        self.context = server_context()
        self.context.sni_callback = self._choose
        # Handshakes look into these while others, in threads, put something new in their place: they are never changed.
        self._kept: Mapping[Pair, Certificate] = {}
        self._by_name: Mapping[str, Certificate] = {}
        self._stamps: dict[Pair, object] = {}
        self._changing = threading.RLock()
        self._listeners: list[Callable[[], None]] = []
        for pair in pairs:
            self.put(pair)

    @property
    def certificates(self) -> Sequence[Certificate]:
        """What is served, the one for clients that name no host, or none of ours, first."""
        return tuple(self._kept.values())

    def find(self, name: str | None) -> Certificate | None:
        """The certificate for a host: its own, that of a wildcard, else the first."""
        return self.covering((name or "").lower().rstrip(".")) or next(iter(self._kept.values()), None)

    def covering(self, host: str) -> Certificate | None:
        """The certificate that is for this host, by its name or by a wildcard's."""
        return self._by_name.get(host) or self._by_name.get("*." + host.partition(".")[2])

    def __contains__(self, pair: Pair) -> bool:
        return pair in self._kept

    def put(self, pair: Pair) -> None:
        """Serve `pair` from now on, or again after it changed. Raises InvalidInput; what was served then stays."""
        with self._changing:
            # Before the file is read: what changes meanwhile is read again.
            self._stamps[pair] = _stamp(pair)
            found = read(pair)
            self._keep({**self._kept, pair: found})
        log.info("certificate.loaded", file=str(pair.certificate), names=found.names, ends=found.ends.isoformat())
        if found.ends < datetime.now(UTC):
            log.warning("certificate.expired", file=str(pair.certificate), ends=found.ends.isoformat())

    def on_change(self, listener: Callable[[], None]) -> None:
        """Called after each change, in whatever thread made it."""
        self._listeners.append(listener)

    def hold(self, pairs: Iterable[Pair]) -> None:
        """Serve these and no others, as their files are now. What cannot be read is told; the old one stays."""
        wanted = tuple(pairs)
        with self._changing:
            for pair in [pair for pair in self._kept if pair not in wanted]:
                self.drop(pair)
            self.reload()
            for pair in [pair for pair in wanted if pair not in self._kept]:
                try:
                    self.put(pair)
                except InvalidInput as error:
                    log.warning("certificate.not_loaded", reason=error.detail)

    def drop(self, pair: Pair) -> None:
        """Serve it no more."""
        with self._changing:
            self._stamps.pop(pair, None)
            self._keep({kept: found for kept, found in self._kept.items() if kept != pair})

    def reload(self, *, everything: bool = False) -> list[str]:
        """Read what changed, or `everything`. What cannot be served is told, and the old one stays in its place."""
        with self._changing:
            due = [pair for pair in self._kept if everything or _stamp(pair) != self._stamps[pair]]
            return [problem for pair in due if (problem := self._read_again(pair))]

    def _read_again(self, pair: Pair) -> str | None:
        try:
            self.put(pair)
        except InvalidInput as error:
            log.warning("certificate.kept", reason=error.detail, ends=self._kept[pair].ends.isoformat())
            return error.detail
        return None

    async def follow(self, asked: asyncio.Event, *, every: float = EVERY) -> None:
        """Reload when files change, and everything whenever `asked` is set; for ever."""
        while True:
            try:
                async with asyncio.timeout(every):
                    await asked.wait()
            except TimeoutError:
                pass
            everything = asked.is_set()
            asked.clear()
            await asyncio.to_thread(self.reload, everything=everything)

    def _keep(self, kept: Mapping[Pair, Certificate]) -> None:
        # Of two for one name the first counts.
        self._by_name = {name: one for one in reversed(list(kept.values())) for name in one.names}
        self._kept = kept
        for listener in self._listeners:
            listener()

    def _choose(self, connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        found = self.find(name)
        if found is not None:
            connection.context = found.context


def _stamp(pair: Pair) -> object:
    try:
        return pair.stamp
    except OSError:
        return None
