"""Artifacts as objects of a bucket, which servers of several machines may share."""

import asyncio
import hashlib
import re
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from pathlib import Path
from secrets import token_hex

from ..errors import Conflict, NotFound
from .bucket import Bucket, Stored
from .explaining import StoreAway
from .incoming import Incoming, take
from .store import Artifact, ArtifactStore, Held, place_of

# Seconds for which a whole body waits for a service that does not take it, and between tries.
PATIENCE, PAUSE = 120.0, 2.0
_KEY = re.compile(r"([0-9a-f]{2})/([0-9a-f]{62})/[0-9a-f]{16}")


class S3ArtifactStore(ArtifactStore):
    """`ab/cdef…/<random>`, an object with all the bytes for each time that it was put.

    S3 has no locks. As no put touches what another one has made, and what is removed is always the oldest, whatever two
    servers do in the same moment takes away too little at worst, never too much: strays are found and removed later.
    What comes is kept in a file of this machine until its digest is known, which its name needs.
    """

    def __init__(self, bucket: Bucket, incoming: Path) -> None:
        self._bucket = bucket
        self._incoming = Incoming(incoming)

    @property
    def available(self) -> bool:
        return self._bucket.standing.available

    async def put(self, body: AsyncIterable[bytes], *, limit: int) -> Artifact:
        async with self._incoming.receive(body, limit=limit) as received:
            key = _folder(received.artifact.digest) + token_hex(8)
            await self._patiently(lambda: self._bucket.put(key, received.path, received.artifact.size))
        return received.artifact

    async def _patiently(self, put: Callable[[], Awaitable[None]]) -> None:
        """What has been long in the making does not fail because the service is away for a while."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while True:
            try:
                return await put()
            except StoreAway as error:
                if not error.passing or loop.time() > until:
                    raise
            await asyncio.sleep(PAUSE)

    async def find(self, digest: str) -> Artifact | None:
        async with aclosing(self._bucket.objects(_folder(digest), most=1)) as objects:
            async for found in objects:
                return Artifact(digest, found.size)
        return None

    async def read(self, digest: str) -> AsyncGenerator[bytes, None]:
        return self._checked(digest, await self._newest(digest))

    async def _checked(self, digest: str, stored: Stored) -> AsyncGenerator[bytes, None]:
        """The last piece is held back until all of them are known to be what was put."""
        sha, held = hashlib.sha256(), b""
        async with aclosing(self._bucket.read(stored.key, stored.size)) as body:
            async for piece in body:
                sha.update(piece)
                if held:
                    yield held
                held = piece
        if f"sha256:{sha.hexdigest()}" != digest:
            raise _damaged(digest)
        if held:
            yield held

    @asynccontextmanager
    async def local(self, digest: str) -> AsyncIterator[Path]:
        stored = await self._newest(digest)
        async with self._incoming.file() as file:
            sha = hashlib.sha256()
            async with aclosing(self._bucket.read(stored.key, stored.size)) as body:
                async for piece in body:
                    await asyncio.to_thread(take, file, sha, piece)
            await asyncio.to_thread(file.flush)
            if f"sha256:{sha.hexdigest()}" != digest:
                raise _damaged(digest)
            yield Path(file.name)

    async def remove(self, digest: str) -> None:
        puts = await self._puts(digest)
        if puts:
            await self._bucket.delete(puts[0].key)

    async def puts(self, digest: str) -> int:
        return len(await self._puts(digest))

    async def _newest(self, digest: str) -> Stored:
        """The put that is removed last. Raises NotFound where there is none."""
        puts = await self._puts(digest)
        if not puts:
            raise NotFound("There is no artifact of this digest.")
        return puts[-1]

    async def _puts(self, digest: str) -> Sequence[Stored]:
        """The oldest first, by the service's clock."""
        return sorted([one async for one in self._bucket.objects(_folder(digest))], key=_age)

    async def held(self, before: datetime) -> Sequence[Held]:
        await asyncio.to_thread(self._incoming.clear, before.timestamp())
        for upload in await self._bucket.unfinished():
            if upload.begun_at < before:
                await self._bucket.abort(upload)
        return [one for one in await self._all(before) if one.puts]

    async def listed(self) -> Sequence[Held]:
        return await self._all(None)

    async def _all(self, before: datetime | None) -> Sequence[Held]:
        found: defaultdict[str, list[Stored]] = defaultdict(list)
        async for one in self._bucket.objects():
            match = _KEY.fullmatch(one.key)
            if match and (before is None or one.changed_at < before):
                found[f"sha256:{match[1]}{match[2]}"].append(one)
        return [Held(digest, len(puts), puts[0].size) for digest, puts in found.items()]

    async def release(self, digest: str, *, named: int, before: datetime) -> int:
        puts = [put for put in await self._puts(digest) if put.changed_at < before]
        released = puts[: max(0, len(puts) - named)]
        for put in released:
            await self._bucket.delete(put.key)
        return sum(put.size for put in released)


def _folder(digest: str) -> str:
    return "/".join(place_of(digest)) + "/"


def _age(stored: Stored) -> tuple[datetime, str]:
    return stored.changed_at, stored.key


def _damaged(digest: str) -> Conflict:
    return Conflict(f"What the store has of {digest} is not what was put there: it is damaged.")
