"""The content-addressed store: bytes go in, a digest comes out; the same bytes are kept once."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Artifact:
    """`digest` is `sha256:<64 hex>` of the bytes as stored; `size` is their number."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Held:
    """`puts`: how often it was put, and not removed, before the moment that was asked for."""

    digest: str
    puts: int
    size: int


class ArtifactStore(ABC):
    @abstractmethod
    async def put(self, body: AsyncIterable[bytes], *, limit: int) -> Artifact:
        """Store all of `body`, to be removed once. Raises TooLarge beyond `limit` bytes, StorageFull; nothing is left
        behind then.
        """

    @abstractmethod
    async def find(self, digest: str) -> Artifact | None:
        """None when it is not here. Raises InvalidInput for what is no digest."""

    @abstractmethod
    async def read(self, digest: str) -> AsyncGenerator[bytes, None]:
        """The bytes, in pieces. Raises NotFound."""

    @abstractmethod
    async def local(self, digest: str) -> Path:
        """A file of this machine with the bytes, for reading only. Raises NotFound."""

    @abstractmethod
    async def remove(self, digest: str) -> None:
        """Undo one `put`, the oldest: what was put twice is gone when it was removed twice.

        Nothing happens when it is not here.
        """

    @abstractmethod
    async def puts(self, digest: str) -> int:
        """How often it was put, and not removed."""

    @abstractmethod
    async def held(self, before: datetime) -> Sequence[Held]:
        """What was put before a moment. What was being put then, and came to no end, is removed at once."""

    @abstractmethod
    async def release(self, digest: str, *, named: int, before: datetime) -> int:
        """Undo all but `named` of the puts before a moment; the bytes that this gives back. Again, it does nothing."""
