"""What is put: in pieces, some of which never come."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from firefly.artifacts import ArtifactStore


async def pieces(*values: bytes) -> AsyncIterator[bytes]:
    for value in values:
        yield value


async def broken(*values: bytes) -> AsyncIterator[bytes]:
    for value in values:
        yield value
    raise ConnectionResetError("the client went away")


async def read(store: ArtifactStore, digest: str) -> bytes:
    async with aclosing(await store.read(digest)) as stream:
        return b"".join([piece async for piece in stream])
