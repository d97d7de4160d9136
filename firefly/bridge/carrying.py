"""What the workspace has and its hosted repository has not: files that were changed, added or deleted since a commit.

A remix takes them along. They travel as a tar archive whose first member says what they are the difference from.
"""

import asyncio
import json
import os
import stat
import tarfile
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

import structlog

from firefly.bridge.changes import FIRST
from firefly.bridge.environment import Environment
from firefly.bridge.process import Finished, run
from firefly.bridge.tasks import in_thread
from firefly.bridge.workspace import ANNEX, REPOSITORY, Workspace
from firefly.errors import Conflict, FireflyError, TooLarge
from firefly.protocol.workspace import CarryParams

MOST_FILES, MOST_BYTES = 50_000, 2 << 30
TRIES = 4
# What git calls the tree of nothing, for a repository without any commit.
NOTHING = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "-c", "core.hooksPath=/dev/null")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Found:
    """A path, and by what it is seen whether it has been written since."""

    path: str
    kind: int
    size: int
    changed: int


@dataclass(frozen=True, slots=True)
class Changes:
    """`base` is a commit, or empty where there is none."""

    base: str
    gone: tuple[str, ...]
    present: tuple[Found, ...]


class Carrying:
    def __init__(self, environment: Environment, workspace: Workspace) -> None:
        self._environment = environment
        self._workspace = workspace

    async def pack(self, params: CarryParams, file: BinaryIO) -> None:
        """Write the archive of one moment: it is read again until nothing was changed while it was read.

        A file that is written to all the time is taken as it was when it was read last. Raises Conflict, TooLarge.
        """
        before = await self._look(params)
        for _ in range(TRIES):
            whole = await in_thread(self._write, before, file)
            if not before.present:
                return
            after = await self._look(params)
            if whole and after == before:
                return
            before = after
        log.warning("workspace.busy", reason="It was changed each time it was read.")

    async def _look(self, params: CarryParams) -> Changes:
        base = await self._base(params.base)
        diff = ("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules=all")
        tracked, others = await asyncio.gather(
            self._must(*diff, base or NOTHING, "--"), self._must("ls-files", "-z", "--others", "--exclude-standard")
        )
        paths = _paths(tracked) | _paths(others)
        wanted = [path for path in paths if _is_plain(path) and not (params.published and _is_hidden(path))]
        return await in_thread(self._sort, base, sorted(wanted))

    async def _base(self, wanted: str) -> str:
        """The commit that is asked for, or one that the hosted repository had when it was last seen."""
        if not wanted:
            return ""
        known = await self._git("rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}")
        found = known if known.code == 0 else await self._git("merge-base", "HEAD", "@{upstream}")
        if found.code != 0:
            raise Conflict("The workspace and its hosted repository have nothing in common.")
        return found.text

    def _sort(self, base: str, paths: list[str]) -> Changes:
        gone: list[str] = []
        present: list[Found] = []
        for path in paths:
            try:
                status = os.lstat(self._workspace.root / path)
            except OSError:
                gone.append(path)
                continue
            if stat.S_ISDIR(status.st_mode):
                gone.append(path)
            elif stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
                present.append(Found(path, status.st_mode, status.st_size, status.st_mtime_ns))
        if len(present) > MOST_FILES or sum(found.size for found in present) > MOST_BYTES:
            most = f"{MOST_FILES} files or {MOST_BYTES >> 30} GiB"
            raise TooLarge(f"What is not committed has more than {most}. Commit and push it first.")
        return Changes(base, tuple(gone), tuple(present))

    def _write(self, changes: Changes, file: BinaryIO) -> bool:
        """Whether every file could be read whole."""
        file.seek(0)
        file.truncate()
        head = json.dumps({"base": changes.base, "gone": changes.gone}).encode()
        whole = True
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            _add(archive, tarfile.TarInfo(FIRST), BytesIO(head), len(head))
            for found in changes.present:
                whole &= self._add_file(archive, found)
        file.flush()
        return whole

    def _add_file(self, archive: tarfile.TarFile, found: Found) -> bool:
        info = tarfile.TarInfo(f"./{found.path}")
        info.mode = stat.S_IMODE(found.kind)
        path = self._workspace.root / found.path
        try:
            if stat.S_ISLNK(found.kind):
                info.type, info.linkname = tarfile.SYMTYPE, os.readlink(path)
                archive.addfile(info)
                return True
            descriptor = self._workspace.open(found.path, os.O_RDONLY | os.O_NOFOLLOW)
        except (OSError, FireflyError):
            return False
        with os.fdopen(descriptor, "rb") as source:
            content = source.read(found.size + 1)
        _add(archive, info, BytesIO(content), len(content))
        return len(content) == found.size

    async def _must(self, *arguments: str) -> Finished:
        done = await self._git(*arguments)
        if done.code != 0 or done.truncated:
            raise Conflict(f"git {arguments[0]} failed: {done.error_text[-300:] or 'too many files'}")
        return done

    async def _git(self, *arguments: str) -> Finished:
        environment = self._environment.child(GIT_OPTIONAL_LOCKS="0", LC_ALL="C.UTF-8")
        return await run(("git", *_QUIET, *arguments), cwd=self._workspace.root, env=environment, timeout=60)


def _add(archive: tarfile.TarFile, info: tarfile.TarInfo, content: BytesIO, size: int) -> None:
    info.size = size
    archive.addfile(info, content)


def _paths(done: Finished) -> set[str]:
    return {os.fsdecode(raw) for raw in done.out.split(b"\0") if raw}


def _is_plain(path: str) -> bool:
    """What can travel: no repository within the repository, no name that is not text."""
    if path.endswith("/") or not {REPOSITORY, ANNEX}.isdisjoint(path.split("/")):
        return False
    return not any(0xD800 <= ord(character) < 0xE000 for character in path)


def _is_hidden(path: str) -> bool:
    """What a public project does not show to visitors; see protocol.files.check_published."""
    return any(part.startswith(".") for part in path.split("/"))
