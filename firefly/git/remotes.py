"""Repositories elsewhere that a hosted one is kept in step with: looked at, fetched from, pushed to with a lease."""

import asyncio
import base64
import contextlib
import os
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from ..errors import Forbidden, InvalidInput, TimedOut, Unavailable
from .command import Git, GitFailed, last_line, tail
from .importing import LARGEST, size_of, watched
from .repositories import Repositories, is_text
from .sources import parse_source
from .targets import Target, Targets

MIRRORED = ("refs/heads/", "refs/tags/")
# One command names so many refs at most.
_AT_ONCE = 200
# Seconds after which no git uses a key any more.
_LEFT = 6 * 3600
# Bytes of what git prints: a hundred for each ref.
_LONGEST = 32 << 20
_NO_ENTRY = ("Permission denied", "Authentication failed", "could not read", "terminal prompts disabled", "403")


@dataclass(frozen=True, slots=True)
class Update:
    """Move `ref` to `new` (None: delete it) if it names `expected` (None: if it is not there)."""

    ref: str
    new: str | None
    expected: str | None


def basic(user: str, password: str) -> str:
    """The Authorization field of git over https."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


class Remotes:
    """`keys` is a folder that only the server may look into."""

    def __init__(self, *, git: Git, repositories: Repositories, targets: Targets, keys: Path, timeout: float) -> None:
        self._git = git
        self._repositories = repositories
        self._targets = targets
        self._keys = keys
        self._timeout = timeout

    @contextlib.asynccontextmanager
    async def reach(self, url: str, *, authorization: str = "", key: str = "") -> AsyncIterator[Target]:
        """Where git finds it, and how it gets in: `key` is a private one for ssh, on the disk for as long as this.

        Raises InvalidInput, Forbidden, TimedOut, Unavailable.
        """
        async with _key_file(self._keys, key) as path:
            try:
                target = await self._targets.of(parse_source(url), authorization=authorization, key=path)
            except InvalidInput as error:
                raise Forbidden(f"The repository does not open: {error.detail}") from error
            yield target

    async def refs(self, project_id: UUID, target: Target) -> Mapping[str, str]:
        """Branches and tags there, and what they name."""
        said = await self._run(
            project_id, target, "ls-remote", "--refs", "--", target.url, "refs/heads/*", "refs/tags/*"
        )
        pairs = (line.partition("\t") for line in said.splitlines())
        return {ref: name for name, _, ref in pairs if ref.startswith(MIRRORED) and is_text(ref)}

    async def fetch(self, project_id: UUID, target: Target, refs: Sequence[str]) -> None:
        """What the refs there name, without moving any here."""
        for first in range(0, len(refs), _AT_ONCE):
            some = refs[first : first + _AT_ONCE]
            options = ("--no-write-fetch-head", "--no-tags", "--quiet", "--")
            await self._run(project_id, target, "fetch", *options, target.url, *some, grows=True)

    async def push(self, project_id: UUID, target: Target, updates: Sequence[Update]) -> Mapping[str, str]:
        """Ref → why it was refused there; those that are not named went through."""
        refused: dict[str, str] = {}
        for first in range(0, len(updates), _AT_ONCE):
            refused |= await self._push(project_id, target, updates[first : first + _AT_ONCE])
        return refused

    async def _push(self, project_id: UUID, target: Target, updates: Sequence[Update]) -> Mapping[str, str]:
        leases = [f"--force-with-lease={update.ref}:{update.expected or ''}" for update in updates]
        specs = [f"{update.new or ''}:{update.ref}" for update in updates]
        command = ("push", "--porcelain", "--no-verify", *leases, "--", target.url, *specs)
        output = await self._run(project_id, target, *command, refusal=True)
        return _refused(output)

    async def _run(
        self, project_id: UUID, target: Target, *arguments: str, refusal: bool = False, grows: bool = False
    ) -> str:
        """What it says. `refusal`: also where refs were refused; `grows`: ended once too much has come."""
        path = await self._repositories.existing(project_id)
        packs = path / "objects" / "pack"
        largest = await asyncio.to_thread(size_of, packs) + LARGEST if grows else None
        running = self._git.process(
            *arguments, settings=target.settings, environment=target.environment, cwd=path, niceness=5
        )
        try:
            async with asyncio.timeout(self._timeout), running as process, asyncio.TaskGroup() as group:
                output = group.create_task(_limited(process))
                errors = group.create_task(tail(process.stderr))
                waiting = process.wait() if largest is None else watched(process, packs, largest, each=1.0)
                status = await waiting
        except TimeoutError as error:
            raise TimedOut("The provider's repository takes too long.") from error
        if largest is not None and await asyncio.to_thread(size_of, packs) > largest:
            raise Unavailable(f"More than {LARGEST >> 20} MiB came from the provider's repository at once.")
        said = output.result()
        if len(said) >= _LONGEST:
            raise Unavailable("The provider's repository has more to say than is read of it.")
        if status and not (refusal and "\nTo " in f"\n{said}"):
            raise _explained(GitFailed(status, errors.result()))
        return said

    async def is_ancestor(self, project_id: UUID, old: str, new: str) -> bool:
        """Whether `new` follows from `old`; what is no commit follows from nothing."""
        path = await self._repositories.existing(project_id)
        try:
            await self._git.run("merge-base", "--is-ancestor", old, new, cwd=path)
        except GitFailed:
            return False
        return True

    async def move(self, project_id: UUID, updates: Sequence[Update]) -> Sequence[Update]:
        """Move refs here; returns those that were as expected, each for itself."""
        path = await self._repositories.existing(project_id)
        return [update for update in updates if await self._move(path, update)]

    async def _move(self, path: Path, update: Update) -> bool:
        expected = update.expected or "0" * len(update.new or "")
        change = (update.ref, update.new, expected) if update.new else ("-d", update.ref, expected)
        try:
            await self._git.run("update-ref", *change, cwd=path)
        except GitFailed:
            return False
        return True


async def _limited(process: Process) -> str:
    """What it prints; the rest of what is too much is read, and forgotten."""
    kept = bytearray()
    while process.stdout is not None and (piece := await process.stdout.read(1 << 16)):
        kept += piece[: max(0, _LONGEST - len(kept))]
    return kept.decode("utf-8", "surrogateescape")


@contextlib.asynccontextmanager
async def _key_file(folder: Path, key: str) -> AsyncIterator[Path | None]:
    if not key:
        yield None
        return
    path = await asyncio.to_thread(_write_key, folder, key)
    try:
        yield path
    finally:
        await asyncio.to_thread(path.unlink, missing_ok=True)


def _write_key(folder: Path, key: str) -> Path:
    """Readable by this user alone, which ssh insists on. What a server that was killed has left goes."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if left.stat().st_mtime < time.time() - _LEFT:
                left.unlink()
    descriptor, name = tempfile.mkstemp(dir=folder, prefix="key-")
    with os.fdopen(descriptor, "w") as file:
        file.write(key if key.endswith("\n") else f"{key}\n")
    return Path(name)


def _refused(output: str) -> Mapping[str, str]:
    """What `git push --porcelain` says of each ref: a flag, from:to, and a summary, with tabs between."""
    refused = {}
    for line in output.splitlines():
        flag, _, rest = line.partition("\t")
        names, _, summary = rest.partition("\t")
        if flag == "!":
            refused[names.rpartition(":")[2]] = "".join(char for char in summary if char.isprintable())[:200]
    return refused


def _explained(failed: GitFailed) -> Forbidden | Unavailable:
    if any(sign in failed.stderr for sign in _NO_ENTRY):
        return Forbidden(f"The provider does not let Firefly in: {last_line(failed.stderr)}")
    return Unavailable(f"git could not reach the provider's repository: {last_line(failed.stderr)}", retry_after=30)
