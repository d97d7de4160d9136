"""Keeping a folder and a project in step, both ways, without losing either side's edits.

For each file the state that both sides had last is known: the version there, the digest here. What moved on one side
only is carried to the other; where both moved, the project's version stands and the folder's is kept beside it.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath

from firefly.client.bridge import ANY, BridgeClient
from firefly.errors import FireflyError, NotFound, Unavailable, VersionConflict

from .credentials import state_folder, write_private
from .folder import Folder, digest_of

SIMULTANEOUS = 8


@dataclass(frozen=True, slots=True)
class Known:
    """What both sides had when they were last the same."""

    version: str
    digest: str


@dataclass
class State:
    """Kept between runs, per folder and server."""

    file: Path
    owner: str = ""
    name: str = ""
    known: dict[str, Known] = field(default_factory=dict)

    @classmethod
    def load(cls, root: Path, server: str) -> "State":
        digest = hashlib.sha256(f"{server}\0{root.resolve()}".encode()).hexdigest()[:24]
        state = cls(state_folder() / "folders" / f"{digest}.json")
        try:
            found = json.loads(state.file.read_bytes())
            state.owner, state.name = str(found["owner"]), str(found["name"])
            state.known = {path: Known(*pair) for path, pair in found["known"].items()}
        except (OSError, ValueError, KeyError, TypeError):
            pass  # a first run, or a file of another version: everything is compared anew
        return state

    def save(self) -> None:
        known = {path: [item.version, item.digest] for path, item in sorted(self.known.items())}
        write_private(self.file, json.dumps({"owner": self.owner, "name": self.name, "known": known}))


@dataclass(frozen=True, slots=True)
class Remote:
    """`data` is None when the version is the one that is known."""

    version: str
    data: bytes | None


Tell = Callable[[str], None]


class Sync:
    """One folder and one project. `tell` gets a line for each file that was carried over."""

    def __init__(self, folder: Folder, bridge: BridgeClient, state: State, tell: Tell) -> None:
        self._folder = folder
        self._bridge = bridge
        self._state = state
        self._tell = tell
        self._locks: dict[str, asyncio.Lock] = {}

    async def settle_all(self, remote_paths: Iterable[str]) -> None:
        """Compare everything: what is here, there, and what was known."""
        self._folder.reload()
        here = await asyncio.to_thread(self._folder.files)
        there = [path for path in remote_paths if self._folder.counts(path)]
        await self._each({*here, *there, *self._state.known}, self.settle)

    async def changed_here(self, paths: Iterable[str]) -> None:
        """Files of the folder were added, changed or deleted."""
        found = {name for path in paths for name in await asyncio.to_thread(self._folder.below, path)}
        found |= {name for path in paths for name in self._known_below(path)}
        await self._each({path for path in found if self._moved_here(path)}, self._carry_there)

    async def changed_there(self, path: str, version: str | None) -> None:
        """The bridge told of a change; the version where it told one."""
        for name in {path, *self._known_below(path)}:
            known = self._state.known.get(name)
            if self._folder.counts(name) and (version is None or known is None or known.version != version):
                await self._each([name], self.settle)

    async def settle(self, path: str) -> None:
        """Look at both sides of one file and bring them together."""
        async with self._lock(path):
            known, local = self._state.known.get(path), self._folder.read(path)
            remote = await self._fetch(path, known)
            moved_here = (digest_of(local) if local is not None else None) != (known.digest if known else None)
            moved_there = (remote.version if remote else None) != (known.version if known else None)
            if moved_here and moved_there:
                await self._join(path, local, remote)
            elif moved_there:
                self._take(path, remote)
            elif moved_here:
                await self._send(path, local, known)

    async def _carry_there(self, path: str) -> None:
        """The cheap way for what moved here: send it over the known version; a refusal says that both moved."""
        async with self._lock(path):
            local, known = self._folder.read(path), self._state.known.get(path)
            try:
                await self._send(path, local, known)
                return
            except (VersionConflict, NotFound):
                pass  # it moved there too: below, with both sides in view
        await self.settle(path)

    def _moved_here(self, path: str) -> bool:
        local, known = self._folder.read(path), self._state.known.get(path)
        return (digest_of(local) if local is not None else None) != (known.digest if known else None)

    async def _join(self, path: str, local: bytes | None, remote: Remote | None) -> None:
        """Both moved. The same result is no conflict; an edit outlives a deletion; of two edits both are kept."""
        if remote is None:
            self._state.known.pop(path, None)
            if local is not None:
                await self._send(path, local, None)
            return
        if local is not None and local != remote.data:
            copy = conflict_name(path, datetime.now())
            self._folder.write(copy, local)
            self._tell(f"! {path}: changed on both sides; yours is kept as {copy}")
            await self._send(copy, local, None)
        self._take(path, remote)

    async def _send(self, path: str, local: bytes | None, known: Known | None) -> None:
        if local is not None:
            version = known.version if known else None
            written = await self._bridge.write_file(path, local, version=version)
            self._state.known[path] = Known(written.version, digest_of(local))
            self._tell(f"→ {path}")
        elif known is not None:
            await self._bridge.delete_file(path, version=known.version or ANY)
            del self._state.known[path]
            self._tell(f"→ {path} deleted")

    def _take(self, path: str, remote: Remote | None) -> None:
        if remote is None:
            self._folder.delete(path)
            self._state.known.pop(path, None)
            self._tell(f"← {path} deleted")
        elif remote.data is not None:
            self._folder.write(path, remote.data)
            self._state.known[path] = Known(remote.version, digest_of(remote.data))
            self._tell(f"← {path}")

    async def _fetch(self, path: str, known: Known | None) -> Remote | None:
        headers = {"If-None-Match": f'"{known.version}"'} if known else {}
        try:
            async with self._bridge.open_file(path, headers=headers) as response:
                version = response.headers.get("ETag", "").strip('"')
                if known and (response.status == 304 or version == known.version):
                    return Remote(known.version, None)
                if not version:
                    return None  # a folder: it has no contents of its own
                return Remote(version, await response.read())
        except NotFound:
            return None

    def _known_below(self, path: str) -> list[str]:
        return [name for name in self._state.known if name == path or name.startswith(f"{path}/")]

    async def _each(self, paths: Iterable[str], action: Callable[[str], Awaitable[None]]) -> None:
        """Bounded and by name; what one file refuses does not hold up the others."""
        gate = asyncio.Semaphore(SIMULTANEOUS)

        async def one(path: str) -> None:
            async with gate:
                try:
                    await action(path)
                except (FireflyError, OSError) as error:
                    if _is_away(error):
                        raise
                    self._tell(f"! {path}: {error}")

        async with asyncio.TaskGroup() as group:
            for path in sorted(paths):
                group.create_task(one(path))

    def _lock(self, path: str) -> asyncio.Lock:
        return self._locks.setdefault(path, asyncio.Lock())


def _is_away(error: Exception) -> bool:
    return isinstance(error, Unavailable | ConnectionError)


def conflict_name(path: str, now: datetime) -> str:
    """`notes.md` → `notes.conflict-20261120-193000.md`."""
    pure = PurePosixPath(path)
    return str(pure.with_name(f"{pure.stem}.conflict-{now:%Y%m%d-%H%M%S}{pure.suffix}"))
