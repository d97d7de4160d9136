"""What is in the workspace: one folder's entries, and all paths that git does not ignore."""

import asyncio
import contextlib
import os
import stat
from collections.abc import Iterable
from datetime import UTC, datetime

from firefly.bridge.environment import Environment
from firefly.bridge.process import Finished, run
from firefly.bridge.watcher import HEAVY
from firefly.bridge.workspace import ANNEX, REPOSITORY, Workspace, check, os_errors
from firefly.errors import InvalidInput, NotFound
from firefly.protocol.files import Entry, Index, Kind, Listing

MOST_INDEXED = 20_000
MOST_LISTED = 10_000
_NO_GIT = 127
_HIDDEN = {REPOSITORY, ANNEX}
# A hook or monitor that the project configures would run at every listing.
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false")


class Lister:
    def __init__(self, workspace: Workspace, environment: Environment) -> None:
        self._workspace = workspace
        self._environment = environment

    async def folder(self, path: str, *, depth: int) -> Listing:
        """The entries of a folder, and of those below it down to `depth`; heavy and ignored folders stay closed."""
        entries = await asyncio.to_thread(self._scan, check(path))
        ignored = await self._ignored([entry.path for entry in entries])
        marked = [_marked(entry, ignored) for entry in entries]
        listed = list(marked)
        for entry in marked:
            if depth > 1 and entry.kind is Kind.FOLDER and not entry.ignored and len(listed) < MOST_LISTED:
                # One that has just been removed has no entries.
                with contextlib.suppress(NotFound):
                    listed += (await self.folder(entry.path, depth=depth - 1)).entries
        return Listing(entries=listed[:MOST_LISTED], truncated=len(listed) > MOST_LISTED)

    async def index(self) -> Index:
        done = await self._git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
        if done.code == 0:
            paths: Iterable[str] = (os.fsdecode(raw) for raw in done.out.split(b"\0") if raw)
        else:
            paths = await asyncio.to_thread(self._walk)
        plain = sorted(path for path in paths if _is_text(path))
        return Index(paths=plain[:MOST_INDEXED], truncated=len(plain) > MOST_INDEXED or done.truncated)

    def _scan(self, path: str) -> list[Entry]:
        with self._workspace.folder(path) as folder, os_errors(path), os.scandir(folder) as found:
            entries = [_entry(item, path) for item in found if item.name not in _HIDDEN and _is_text(item.name)]
        present = (entry for entry in entries if entry is not None)
        return sorted(present, key=lambda entry: (entry.kind is not Kind.FOLDER, entry.name.lower(), entry.name))

    async def _ignored(self, paths: list[str]) -> set[str]:
        if not paths:
            return set()
        done = await self._git("check-ignore", "-z", "--stdin", stdin="\0".join(paths).encode())
        if done.code > 1:
            return {path for path in paths if path.rpartition("/")[2] in HEAVY}
        return {os.fsdecode(raw) for raw in done.out.split(b"\0") if raw}

    async def _git(self, *arguments: str, stdin: bytes | None = None) -> Finished:
        argv = ("git", *_QUIET, *arguments)
        environment = self._environment.child(GIT_OPTIONAL_LOCKS="0")
        try:
            return await run(argv, cwd=self._workspace.root, env=environment, stdin=stdin, timeout=20)
        except InvalidInput:
            return Finished(_NO_GIT, b"", b"git is not installed")

    def _walk(self) -> list[str]:
        paths: list[str] = []
        for folder, names, files in os.walk(self._workspace.root):
            names[:] = [name for name in names if name not in HEAVY]
            base = os.path.relpath(folder, self._workspace.root)
            paths += [name if base == "." else f"{base}/{name}" for name in files]
            if len(paths) > MOST_INDEXED:
                break
        return paths


def _marked(entry: Entry, ignored: set[str]) -> Entry:
    return entry.model_copy(update={"ignored": True}) if entry.path in ignored else entry


def _entry(item: "os.DirEntry[str]", folder: str) -> Entry | None:
    try:
        status = item.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return Entry(
        path=f"{folder}/{item.name}" if folder else item.name,
        name=item.name,
        kind=kind_of(status.st_mode),
        size=status.st_size,
        modified=datetime.fromtimestamp(status.st_mtime, UTC),
        ignored=item.name in HEAVY,
    )


def kind_of(mode: int) -> Kind:
    if stat.S_ISLNK(mode):
        return Kind.LINK
    return Kind.FOLDER if stat.S_ISDIR(mode) else Kind.FILE


def _is_text(name: str) -> bool:
    """Names that are not UTF-8 cannot be told in JSON."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
