"""A bucket of S3, or of a service like it: objects put whole, read to their end whatever breaks, listed, deleted."""

import asyncio
import base64
import contextlib
import hashlib
import math
from collections.abc import AsyncGenerator, Coroutine, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError

from ..errors import FireflyError, NotFound
from ..settings.artifacts import BucketPlace
from .explaining import StoreAway, code_of, explain
from .standing import Standing

# Bytes of one part, and how many of them are on their way at one time for one object: what is in memory.
PART, AT_ONCE = 8 << 20, 4
# Seconds for one call with all its tries: the parts of a slow line need some.
LIMIT = 300.0
# Seconds in which what failed is tidied up: who stops a server does not wait for a service that is away.
TIDYING = 10.0
# How often a body that breaks is gone on with where nothing more of it comes; seconds before the second time.
TRIES, PAUSE = 5, 0.2
_PIECE = 1 << 18
_GONE = frozenset({"NoSuchKey", "NoSuchUpload", "404"})
# ValueError: numbers and times in its answers that are none.
_BROKEN = (BotoCoreError, ClientError, aiohttp.ClientError, TimeoutError, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Stored:
    key: str
    size: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Upload:
    """One that was begun and neither completed nor aborted."""

    key: str
    id: str
    begun_at: datetime


class Bucket:
    """Keys are those below the place's prefix. What keeps it from answering is raised as StoreAway."""

    def __init__(self, client: Any, place: BucketPlace) -> None:
        self._client = client
        self._place = place
        self.standing = Standing(self._look)

    async def check(self) -> None:
        """Do once all that will be needed; nothing is left of it. Raises StoreAway."""
        await self._look()
        with contextlib.suppress(NotFound):
            await self._call("get_object", key="check")
        await self.abort(Upload("check", await self._begin("check"), datetime.max))
        await self.unfinished()
        await self.delete("check")

    async def _look(self) -> None:
        await self._call("list_objects_v2", Prefix=self._place.prefix, MaxKeys=1)

    async def put(self, key: str, path: Path, size: int) -> None:
        """Visible when it is whole; nothing is left where it does not come to that."""
        try:
            if size > PART:
                await self._put_in_parts(key, path, size)
            else:
                await self._deliver("put_object", key, path, 0)
        except BaseException:
            await _to_its_end(self.delete(key))
            raise

    async def _put_in_parts(self, key: str, path: Path, size: int) -> None:
        upload = await self._begin(key)
        try:
            parts = await self._send(key, upload, path, math.ceil(size / PART))
            await self._complete(key, upload, parts)
        except BaseException as error:
            await _to_its_end(self.abort(Upload(key, upload, datetime.max)))
            if isinstance(error, NotFound):
                raise StoreAway("An upload was ended by somebody else before it was whole.", passing=True) from error
            raise

    async def _begin(self, key: str) -> str:
        return str((await self._call("create_multipart_upload", key=key))["UploadId"])

    async def _send(self, key: str, upload: str, path: Path, count: int) -> list[dict[str, Any]]:
        numbers, tags = iter(range(1, count + 1)), dict[int, str]()

        async def send() -> None:
            for number in numbers:
                start = (number - 1) * PART
                answer = await self._deliver("upload_part", key, path, start, UploadId=upload, PartNumber=number)
                tags[number] = answer["ETag"]

        await _together(send() for _ in range(min(count, AT_ONCE)))
        return [{"PartNumber": number, "ETag": tags[number]} for number in sorted(tags)]

    async def _deliver(self, name: str, key: str, path: Path, start: int, **values: Any) -> Any:
        """A part of a file; what arrives damaged is sent again, a few times."""
        body = await asyncio.to_thread(_body, path, start)
        for left in reversed(range(TRIES)):
            try:
                return await self._call(name, key=key, **values, **body)
            except StoreAway as error:
                if not (left and error.damaged):
                    raise

    async def _complete(self, key: str, upload: str, parts: Sequence[dict[str, Any]]) -> None:
        try:
            await self._call(
                "complete_multipart_upload", key=key, UploadId=upload, MultipartUpload={"Parts": list(parts)}
            )
        except NotFound:
            # The second try of what had come to its end, although its answer was lost.
            if not [one async for one in self.objects(key)]:
                raise

    async def read(self, key: str, size: int) -> AsyncGenerator[bytes, None]:
        """All its bytes, and no more than `size`; where that breaks it goes on from there. Raises NotFound."""
        at = fruitless = 0
        while at < size:
            before = at
            try:
                async with aclosing(self._from(key, at)) as body:
                    async for piece in body:
                        part = piece[: size - at]
                        at += len(part)
                        yield part
                        if at == size:
                            return
                error: Exception = EOFError("it ended too early")
            except _BROKEN as broken:
                error = broken
            fruitless = 0 if at > before else fruitless + 1
            if fruitless == TRIES:
                raise self._lost(error, "get_object") from error
            if fruitless:
                await asyncio.sleep(PAUSE * 2**fruitless)

    async def _from(self, key: str, at: int) -> AsyncGenerator[bytes, None]:
        answer = await self._call("get_object", key=key, Range=f"bytes={at}-")
        async with answer["Body"] as body:
            async for piece in body.iter_chunks(_PIECE):
                yield piece

    async def objects(self, below: str = "", *, most: int = 1000) -> AsyncGenerator[Stored, None]:
        """Those whose keys begin so, in the order of keys; `most` are asked for at one time."""
        at: dict[str, str] = {}
        while True:
            answer = await self._call("list_objects_v2", Prefix=self._place.prefix + below, MaxKeys=most, **at)
            for one in answer.get("Contents", ()):
                yield Stored(self._short(one["Key"]), one["Size"], one["LastModified"])
            if not answer.get("IsTruncated"):
                return
            at = {"ContinuationToken": answer["NextContinuationToken"]}

    async def unfinished(self) -> list[Upload]:
        found, at = list[Upload](), dict[str, str]()
        while True:
            answer = await self._call("list_multipart_uploads", Prefix=self._place.prefix, **at)
            for one in answer.get("Uploads", ()):
                found.append(Upload(self._short(one["Key"]), one["UploadId"], one["Initiated"]))
            if not answer.get("IsTruncated"):
                return found
            at = {"KeyMarker": answer["NextKeyMarker"], "UploadIdMarker": answer["NextUploadIdMarker"]}

    async def abort(self, upload: Upload) -> None:
        with contextlib.suppress(NotFound):
            await self._call("abort_multipart_upload", key=upload.key, UploadId=upload.id)

    async def delete(self, key: str) -> None:
        with contextlib.suppress(NotFound):
            await self._call("delete_object", key=key)

    def _short(self, key: str) -> str:
        return key.removeprefix(self._place.prefix)

    async def _call(self, name: str, *, key: str | None = None, **values: Any) -> Any:
        """Tried again by the client. Raises NotFound for what is gone, StoreAway."""
        if key is not None:
            values["Key"] = self._place.prefix + key
        try:
            async with asyncio.timeout(LIMIT):
                answer = await getattr(self._client, name)(Bucket=self._place.bucket, **values)
        except _BROKEN as error:
            if code_of(error) in _GONE:
                self.standing.answered()
                raise NotFound("There is no artifact of this digest.") from error
            raise self._lost(error, name) from error
        self.standing.answered()
        return answer

    def _lost(self, error: Exception, call: str) -> StoreAway:
        meta = self._client.meta
        explained = explain(
            error, call=call, bucket=self._place.bucket, service=meta.endpoint_url, region=meta.region_name
        )
        if not explained.damaged:
            self.standing.lost(explained.reason)
        return explained


def _body(path: Path, at: int) -> dict[str, Any]:
    """A part of a file, with what the service checks it by as it comes."""
    with path.open("rb") as file:
        file.seek(at)
        body = file.read(PART)
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    return {"Body": body, "ContentMD5": base64.b64encode(digest).decode()}


async def _together(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """All of it beside one another; the first failure ends the rest, and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _to_its_end(work: Coroutine[None, None, None]) -> None:
    """Tidying up, as far as there is time for it, although whoever waits for it is cancelled meanwhile."""
    task = asyncio.ensure_future(_briefly(work))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def _briefly(work: Coroutine[None, None, None]) -> None:
    # Whoever looks for bytes without a name, and for old uploads, finds what cannot be removed now.
    with contextlib.suppress(FireflyError, TimeoutError):
        async with asyncio.timeout(TIDYING):
            await work
