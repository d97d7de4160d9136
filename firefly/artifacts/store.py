"""The content-addressed store: bytes go in, a digest comes out; the same bytes are kept once."""

import re
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..errors import InvalidInput

_DIGEST = re.compile(r"sha256:([0-9a-f]{2})([0-9a-f]{62})")


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
    @property
    def available(self) -> bool:
        """Whether it answered when it was last asked."""
        return True

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
    def local(self, digest: str) -> AbstractAsyncContextManager[Path]:
        """A file of this machine with the bytes, for reading only, while the block runs. Raises NotFound."""

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
    async def listed(self) -> Sequence[Held]:
        """All that was put, and not removed."""

    @abstractmethod
    async def release(self, digest: str, *, named: int, before: datetime) -> int:
        """Undo all but `named` of the puts before a moment; the bytes that this gives back. Again, it does nothing."""


def place_of(digest: str) -> tuple[str, str]:
    """The folder and the name below which its bytes are kept. Raises InvalidInput for what is no digest."""
    match = _DIGEST.fullmatch(digest)
    if match is None:
        raise InvalidInput("A digest looks like sha256: and 64 hexadecimal digits.", field="digest")
    return match[1], match[2]
