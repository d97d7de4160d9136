"""All certificates of a server: which one a handshake gets, and how new files take the place of old ones."""

import asyncio
import ssl
from collections.abc import Iterable, Sequence
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
        self._kept: dict[Pair, Certificate] = {}
        self._stamps: dict[Pair, object] = {}
        self._by_name: dict[str, Certificate] = {}
        for pair in pairs:
            self.put(pair)

    @property
    def certificates(self) -> Sequence[Certificate]:
        """What is served, the one for clients that name no host, or none of ours, first."""
        return tuple(self._kept.values())

    def find(self, name: str | None) -> Certificate | None:
        """The certificate for a host: its own, that of a wildcard, else the first."""
        host = (name or "").lower().rstrip(".")
        found = self._by_name.get(host) or self._by_name.get("*." + host.partition(".")[2])
        return found or next(iter(self._kept.values()), None)

    def put(self, pair: Pair) -> None:
        """Serve `pair` from now on, or again after it changed. Raises InvalidInput; what was served then stays."""
        # Before the file is read: what changes meanwhile is read again.
        self._stamps[pair] = _stamp(pair)
        found = self._kept[pair] = read(pair)
        self._index()
        log.info("certificate.loaded", file=str(pair.certificate), names=found.names, ends=found.ends.isoformat())
        if found.ends < datetime.now(UTC):
            log.warning("certificate.expired", file=str(pair.certificate), ends=found.ends.isoformat())

    def drop(self, pair: Pair) -> None:
        """Serve it no more."""
        self._kept.pop(pair, None)
        self._stamps.pop(pair, None)
        self._index()

    def reload(self, *, everything: bool = False) -> list[str]:
        """Read what changed, or `everything`. What cannot be served is told, and the old one stays in its place."""
        problems = []
        for pair in list(self._kept):
            if _stamp(pair) == self._stamps[pair] and not everything:
                continue
            try:
                self.put(pair)
            except InvalidInput as error:
                problems.append(error.detail)
                log.warning("certificate.kept", reason=error.detail, ends=self._kept[pair].ends.isoformat())
        return problems

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

    def _index(self) -> None:
        # Of two for one name the first counts. Made anew and then put in place, since handshakes read it meanwhile.
        self._by_name = {name: one for one in reversed(self._kept.values()) for name in one.names}

    def _choose(self, connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        found = self.find(name)
        if found is not None:
            connection.context = found.context


def _stamp(pair: Pair) -> object:
    try:
        return pair.stamp
    except OSError:
        return None
