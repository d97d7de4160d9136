"""What a build asks of a bridge, as a client: fill, run, pack."""

from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from pydantic import BaseModel

from firefly.client.bridge_transport import BridgeTransport
from firefly.errors import Conflict, FireflyError, Unavailable
from firefly.protocol.building import Filled, FrameKind, Frames, PackParams, RunParams

FILL_LIMIT = 1800.0
GONE = "The sandbox ended, or its project server did."


class BuildingClient(BridgeTransport):
    """Raises domain errors; Unavailable where the sandbox ends meanwhile."""

    async def fill(self, tar: AsyncIterable[bytes]) -> Filled:
        """Unpack an uncompressed tar in the workspace. Names that are there already are refused.

        Raises what `tar` raises, too.
        """
        headers = {"Content-Type": "application/x-tar"}
        failed: list[FireflyError] = []

        async def body() -> AsyncIterator[bytes]:
            try:
                async for piece in tar:
                    yield piece
            except FireflyError as error:
                failed.append(error)
                raise

        try:
            return await self._json(Filled, "POST", "/build/fill", data=body(), headers=headers, timeout=FILL_LIMIT)
        except Unavailable as error:
            # The library tells of its own end of the connection alone.
            if failed:
                raise failed[0] from error
            raise

    @asynccontextmanager
    async def run(
        self, command: str, *, env: Mapping[str, str] = {}
    ) -> AsyncIterator[AsyncIterator[tuple[FrameKind, bytes]]]:
        """Output as it comes, then a frame of kind END that holds an `Ended`. Leaving the block ends the command."""
        async with self._framed("/build/run", RunParams(command=command, env=dict(env))) as frames:
            yield frames

    @asynccontextmanager
    async def pack(self, params: PackParams) -> AsyncIterator[AsyncIterator[tuple[FrameKind, bytes]]]:
        """The archive in pieces, then a frame of kind END that holds a `Packed`."""
        async with self._framed("/build/pack", params) as frames:
            yield frames

    @asynccontextmanager
    async def _framed(self, path: str, params: BaseModel) -> AsyncIterator[AsyncIterator[tuple[FrameKind, bytes]]]:
        body = params.model_dump_json().encode()
        async with self._request("POST", path, data=body, timeout=None) as response:
            yield _frames(response)


async def _frames(response: aiohttp.ClientResponse) -> AsyncIterator[tuple[FrameKind, bytes]]:
    frames = Frames()
    try:
        async for data in response.content.iter_any():
            for kind, content in frames.feed(data):
                if kind is FrameKind.FAILED:
                    raise Conflict(content.decode(errors="replace"))
                if kind is not FrameKind.ALIVE:
                    yield kind, content
                if kind is FrameKind.END:
                    return
    except (aiohttp.ClientError, ValueError) as error:
        raise Unavailable(GONE) from error
    raise Unavailable(GONE)
