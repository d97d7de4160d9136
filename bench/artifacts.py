"""100 MB into each store of artifacts and out again, beside the least that has to be done for it.

For files that is to write, hash and sync them, or to read them; for a bucket, to hash them and to call the
library once.
"""

import asyncio
import base64
import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from firefly import log as logging
from firefly.artifacts import ArtifactStore, opened
from firefly.settings import Settings
from tests.support.s3 import BUCKET, KEY, SECRET, S3Server, s3_server

from .harness import Row, attempt, beside

SIZE, PIECE, ROUNDS = 100_000_000, 1 << 18, 7
Work = Callable[[], Awaitable[object]]


def run() -> list[Row]:
    logging.configure(level="error")
    return attempt("artifacts", "files", _files) + attempt("artifacts", "bucket", _bucket)


def _files() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="ff-bench-") as folder:
        return asyncio.run(_file_rows(Path(folder)))


async def _file_rows(folder: Path) -> list[Row]:
    content, plain = os.urandom(SIZE), folder / "plain"
    async with opened(Settings(data_dir=folder)) as store:
        return [
            await _beside("put of 100 MB, files", _put(store, content), "file", _in_thread(_write, plain, content)),
            await _beside("get of 100 MB, files", _get(store, content), "file", _in_thread(_read, plain)),
        ]


def _bucket() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="ff-bench-") as folder, s3_server(Path(folder) / "s3") as server:
        return asyncio.run(_bucket_rows(Path(folder), server))


async def _bucket_rows(folder: Path, server: S3Server) -> list[Row]:
    from aiobotocore.session import get_session

    content = os.urandom(SIZE)
    settings = Settings.model_validate({"data_dir": folder, **server.settings("bench")})
    named: dict[str, Any] = {"region_name": "us-east-1", "endpoint_url": server.url}
    named |= {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET}
    async with opened(settings) as store, get_session().create_client("s3", **named) as client:

        async def put() -> None:
            md5 = await asyncio.to_thread(_sums, content)
            await client.put_object(Bucket=BUCKET, Key="plain", Body=content, ContentMD5=md5)

        async def get() -> None:
            answer = await client.get_object(Bucket=BUCKET, Key="plain")
            async with answer["Body"] as body:
                async for _ in body.iter_chunks(PIECE):
                    pass

        return [
            await _beside("put of 100 MB, a bucket", _put(store, content), "put_object", put),
            await _beside("get of 100 MB, a bucket", _get(store, content), "get_object", get),
        ]


async def _beside(name: str, work: Work, peer: str, other: Work) -> Row:
    """By turns, so that what else the machine does meets both."""
    ours, theirs = list[float](), list[float]()
    for _ in range(ROUNDS):
        theirs.append(await _timed(other))
        ours.append(await _timed(work))
    return beside(name, statistics.median(ours), "ms", peer=peer, peer_value=statistics.median(theirs), at_most=2)


async def _timed(work: Work) -> float:
    began = time.perf_counter()
    await work()
    return (time.perf_counter() - began) * 1e3


def _put(store: ArtifactStore, content: bytes) -> Work:
    async def put() -> None:
        await store.put(_pieces(content), limit=SIZE)

    return put


def _get(store: ArtifactStore, content: bytes) -> Work:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"

    async def get() -> None:
        async with aclosing(await store.read(digest)) as body:
            async for _ in body:
                pass

    return get


def _in_thread(work: Callable[..., None], *values: object) -> Work:
    return lambda: asyncio.to_thread(work, *values)


def _write(path: Path, content: bytes) -> None:
    sha = hashlib.sha256()
    with path.open("wb") as file:
        for piece in _cut(content):
            file.write(piece)
            sha.update(piece)
        file.flush()
        os.fsync(file.fileno())


def _sums(content: bytes) -> str:
    """Its digest, which is its name, and its MD5, by which the service knows that it came whole."""
    hashlib.sha256(content)
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def _read(path: Path) -> None:
    with path.open("rb") as file:
        while file.read(PIECE):
            pass


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for piece in _cut(content):
        yield piece


def _cut(content: bytes) -> Iterator[bytes]:
    for at in range(0, len(content), PIECE):
        yield content[at : at + PIECE]
