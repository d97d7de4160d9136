"""Images of the engine: found, pulled with progress, made from an archive or a Dockerfile, and cleared away."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import structlog

from firefly.errors import Conflict, FireflyError, NotFound, SandboxFailed, Unavailable
from firefly.sandbox.images import ImageSource

from .engine import Engine

log = structlog.get_logger()

# On every image that Firefly makes; its value says which. What projects build is looked after by whoever has it built.
KIND, BUILT = "firefly.image", "built"
PIECE = 1 << 20
TAR = {"Content-Type": "application/x-tar"}
# The engine wants to be told who pushes, even where nobody needs to be.
NOBODY = {"X-Registry-Auth": "e30="}
_ID = re.compile(r"sha256:[0-9a-f]{64}")
Tell = Callable[[str], None]


class Images:
    """`source` has those that are asked for by their ids and are not there."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.source: ImageSource | None = None
        self._fetching = asyncio.Lock()

    async def find(self, name: str) -> Mapping[str, Any] | None:
        """What the engine says of an image; None where it has none of this name."""
        try:
            async with self._engine.calling() as docker:
                return await docker.images.inspect(name)
        except NotFound:
            return None

    async def ensure(self, name: str) -> None:
        """See to it that it is there: an id from where ours are kept, a name from its registry.

        Raises NotFound, Unavailable.
        """
        if await self._known(name) is not None:
            return
        async with self._fetching:
            if await self._known(name) is None:
                await self._fetch(name)

    async def named(self, name: str) -> str:
        """The id of an image that somebody may name, once it is there. Raises NotFound, Unavailable.

        Not one that has no name, by its id or the beginning of it: it may be another project's.
        """
        if _ID.fullmatch(name):
            raise NotFound("that is no name.")
        await self.ensure(name)
        found = await self._known(name)
        if found is None:
            raise NotFound("it is gone.")
        return str(found["Id"])

    async def _known(self, name: str) -> Mapping[str, Any] | None:
        """The engine takes a few digits for the image whose id begins with them, which a name is not to do."""
        found = await self.find(name)
        if found is None or _ID.fullmatch(name):
            return found
        names = [*(found.get("RepoTags") or ()), *(found.get("RepoDigests") or ())]
        return found if _whole(name) in map(_whole, names) else None

    async def _fetch(self, name: str) -> None:
        if not _ID.fullmatch(name):
            return await self.pull(name, lambda line: log.info("docker.pulling", image=name, step=line))
        if self.source is None:
            raise NotFound("it is not in the engine.")
        async with contextlib.aclosing(await self.source.read(name)) as archive:
            await self.load_saved(archive)
        if await self.find(name) is None:
            raise NotFound("what is kept of it is another one.")

    async def load_saved(self, archive: AsyncIterator[bytes]) -> None:
        """Take in images with their names, as they were saved."""
        async with self._engine.stream("POST", "images/load", data=archive, headers=TAR, quiet="1") as steps:
            await _follow(steps, lambda line: None)

    def saved(self, name: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The archive of an image, as the engine writes it."""
        return self._engine.raw("GET", f"images/{name}/get")

    async def labels(self, name: str) -> Mapping[str, str]:
        """Empty where there is no such image."""
        found = await self.find(name)
        return (found["Config"]["Labels"] or {}) if found else {}

    async def pull(self, name: str, tell: Tell) -> None:
        """Fetch an image from its registry; `tell` gets a line for each step. Raises NotFound, Unavailable."""
        repository, tag = split(name)
        async with self._engine.stream("POST", "images/create", fromImage=repository, tag=tag) as steps:
            await _follow(steps, tell)

    async def push(self, name: str, registry: str, tell: Tell) -> None:
        """Give an image to a registry, `host:port`, that asks for no password. Raises Unavailable."""
        repository, tag = split(name)
        there = f"{registry}/{repository}"
        async with self._engine.calling() as docker:
            await docker.images.tag(name, there, tag=tag)
        async with self._engine.stream("POST", f"images/{there}/push", headers=NOBODY, tag=tag) as steps:
            await _follow(steps, tell)

    async def load(self, archive: Path, name: str, labels: Mapping[str, str]) -> None:
        """Make an image of one layer from an archive of its files."""
        repository, tag = split(name)
        changes = [f"LABEL {key}={value}" for key, value in labels.items()]
        query = {"fromSrc": "-", "repo": repository, "tag": tag, "changes": "\n".join(changes)}
        async with self._engine.stream("POST", "images/create", data=_pieces(archive), headers=TAR, **query) as steps:
            await _follow(steps, lambda line: None)

    async def build(
        self,
        context: Path,
        name: str,
        tell: Tell,
        *,
        labels: Mapping[str, str],
        target: str = "",
        arguments: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Carry out the Dockerfile of `context`, an archive. Raises Unavailable with what failed."""
        query = {"t": name, "rm": "1", "forcerm": "1", "labels": json.dumps(dict(labels)), "target": target}
        query["buildargs"] = json.dumps(dict(arguments))
        async with self._engine.stream("POST", "build", data=_pieces(context), headers=TAR, **query) as steps:
            await _follow(steps, tell)

    async def sweep(self) -> None:
        """Remove images of Firefly's own that have no name any more and that no container uses."""
        filters = json.dumps({"label": [KIND], "dangling": ["true"]})
        for found in await self._engine.call("GET", "images/json", filters=filters):
            if found["Labels"].get(KIND) == BUILT:
                continue
            try:
                async with self._engine.calling() as docker:
                    await docker.images.delete(found["Id"])
                log.info("docker.image_removed", image=found["Id"])
            except (Conflict, NotFound):
                continue


@contextlib.contextmanager
def needed(name: str) -> Iterator[None]:
    """What a sandbox cannot start without. Raises SandboxFailed where it cannot be had."""
    try:
        yield
    except FireflyError as error:
        raise SandboxFailed(f"The image {name} cannot be had: {error.detail}") from error


def _whole(name: str) -> str:
    """With the tag that is meant, and without the registry that is."""
    shown = name.removeprefix("docker.io/").removeprefix("library/")
    return shown if "@" in shown or ":" in shown.rpartition("/")[2] else f"{shown}:latest"


def split(name: str) -> tuple[str, str]:
    """Repository and tag; the host before the first slash may have a port."""
    head, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    return f"{head}{slash}{last}", tag or "latest"


async def _pieces(archive: Path) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(archive.open, "rb")
    try:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
    finally:
        file.close()


async def _follow(steps: AsyncIterator[dict[str, Any]], tell: Tell) -> None:
    """Tell each step, once where it only grows. Raises Unavailable where one says that it failed."""
    last = ""
    async for step in steps:
        if "error" in step:
            raise Unavailable(str(step["error"]).strip())
        line = str(step.get("stream") or " ".join(filter(None, (step.get("id"), step.get("status"))))).strip()
        if line and line != last:
            tell(line)
            last = line
