"""An image as it is kept: what `docker save` writes, always in the same order and by the same names."""

import asyncio
import hashlib
import io
import json
import tarfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import Path
from typing import IO

from firefly.errors import Conflict, TooLarge

PIECE = 1 << 20
MANIFEST = "manifest.json"
_BLOCK, _END = 512, bytes(10240)


async def canonical(saved: AsyncIterator[bytes], image: str, folder: Path, *, most: int) -> AsyncGenerator[bytes, None]:
    """In pieces; to be closed. `folder` has room for `most` bytes meanwhile.

    Raises Conflict where it is another image, TooLarge as soon as there is more: a file of holes costs nobody its size.
    """
    path = folder / "saved.tar"
    with await asyncio.to_thread(path.open, "wb") as file:
        async for piece in saved:
            if (most := most - len(piece)) < 0:
                raise TooLarge("The image takes up more than may be kept of one.")
            await asyncio.to_thread(file.write, piece)
    try:
        pieces = _pieces(path, image)
        while piece := await asyncio.to_thread(next, pieces, b""):
            yield piece
    except (tarfile.TarError, ValueError, KeyError, TypeError) as error:
        raise Conflict(f"The engine saved {image[:19]} as something else: {error}.") from error
    finally:
        await asyncio.to_thread(path.unlink, missing_ok=True)


def _pieces(path: Path, image: str) -> Iterator[bytes]:
    with tarfile.open(path) as archive:
        (manifest,) = json.loads(_whole(archive, MANIFEST))
        config = _whole(archive, manifest["Config"])
        if f"sha256:{hashlib.sha256(config).hexdigest()}" != image:
            raise ValueError("its configuration has another digest")
        layers = [digest.removeprefix("sha256:") for digest in json.loads(config)["rootfs"]["diff_ids"]]
        names = [f"{layer}.tar" for layer in layers]
        # Whatever the engine calls them; one may be there more than once.
        places = dict(zip(names, manifest["Layers"], strict=True))
        own = {"Config": f"{image.removeprefix('sha256:')}.json", "RepoTags": None, "Layers": names}
        yield from _member(MANIFEST, io.BytesIO(text := json.dumps([own]).encode()), len(text))
        yield from _member(own["Config"], io.BytesIO(config), len(config))
        for name in sorted(places):
            content = archive.extractfile(places[name])
            if content is None:
                raise ValueError(f"it lacks {name}")
            yield from _member(name, content, content.seek(0, io.SEEK_END))
        yield _END


def _whole(archive: tarfile.TarFile, name: str) -> bytes:
    content = archive.extractfile(name)
    if content is None:
        raise ValueError(f"it lacks {name}")
    return content.read()


def _member(name: object, content: IO[bytes], length: int) -> Iterator[bytes]:
    info = tarfile.TarInfo(str(name))
    info.size, info.mode = length, 0o644
    yield info.tobuf(tarfile.PAX_FORMAT)
    content.seek(0)
    while piece := content.read(PIECE):
        yield piece
    if rest := -length % _BLOCK:
        yield bytes(rest)
