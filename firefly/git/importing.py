"""Fetching somebody else's repository into a hosted one: watched, limited, and told step by step."""

import asyncio
import os
import re
import shutil
from asyncio.subprocess import Process
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from ..errors import InvalidInput, TimedOut, TooLarge
from .addresses import AddressPolicy
from .command import Git, GitFailed
from .progress import Progress, Report, explain, follow_progress
from .repositories import DEFAULT_BRANCH, Repositories, set_head, write_skeleton
from .sources import Source, parse_source
from .targets import Target, Targets

LARGEST = 2 << 30
_SYMREF = re.compile(r"ref: refs/heads/(\S+)\tHEAD")


class Importer:
    """`keep_out` is where file imports may not look: the data directory."""

    def __init__(
        self,
        *,
        git: Git,
        repositories: Repositories,
        policy: AddressPolicy,
        keep_out: Path,
        timeout: float,
        largest: int = LARGEST,
    ) -> None:
        self._git = git
        self._repositories = repositories
        self._targets = Targets(policy, keep_out)
        self._timeout = timeout
        self._largest = largest

    def check(self, url: str, *, allow_file: bool = False) -> Source:
        """What can be said without asking anyone. Raises InvalidInput."""
        source = parse_source(url)
        if source.scheme == "file" and not allow_file:
            who = "Only administrators import from files of the server, by program with a token of the scope admin."
            raise InvalidInput(who, field="git_url")
        return source

    async def run(
        self, project_id: UUID, url: str, *, report: Report, allow_file: bool = False, authorization: str = ""
    ) -> str:
        """Replace the project's repository with what lies at `url`; returns its default branch.

        `authorization` is what the field of that name says, for one that not everybody may read.

        Cancelling ends git and leaves the old repository. Raises InvalidInput, TimedOut, TooLarge, StorageFull.
        """
        source = self.check(url, allow_file=allow_file)
        fresh = await asyncio.to_thread(self._repositories.scratch)
        try:
            async with asyncio.timeout(self._timeout):
                branch = await self._fill(fresh, source, report, authorization)
            await self._repositories.replace(project_id, fresh)
        except TimeoutError as error:
            raise TimedOut(f"The import took longer than {self._timeout / 60:.0f} minutes and was ended.") from error
        finally:
            await asyncio.to_thread(shutil.rmtree, fresh, ignore_errors=True)
        return branch

    async def _fill(self, fresh: Path, source: Source, report: Report, authorization: str) -> str:
        report(Progress("find", f"Looking for {source.host or source.path}"))
        target = await self._targets.of(source, authorization=authorization)
        await asyncio.to_thread(write_skeleton, fresh)
        heads = await self._execute(fresh, target, ("ls-remote", "--symref", "--", target.url, "HEAD"), report)
        symref = _SYMREF.search(heads)
        report(Progress("receive", "Receiving"))
        refs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        fetch = ("fetch", "--progress", "--no-write-fetch-head", "--no-tags", "--", target.url, *refs)
        await self._execute(fresh, target, fetch, report)
        branch = symref[1] if symref else DEFAULT_BRANCH
        await asyncio.to_thread(set_head, fresh, branch)
        return branch

    async def _execute(self, fresh: Path, target: Target, arguments: Sequence[str], report: Report) -> str:
        running = self._git.process(*arguments, settings=target.settings, environment=target.environment, cwd=fresh)
        async with running as process, asyncio.TaskGroup() as group:
            output = group.create_task(_limited(process.stdout))
            errors = group.create_task(follow_progress(process.stderr, report))
            status = await watched(process, fresh, self._largest)
        if await asyncio.to_thread(size_of, fresh) > self._largest:
            raise TooLarge(f"The repository is larger than {self._largest >> 20} MiB, the most that is imported.")
        if status:
            raise explain(GitFailed(status, errors.result()), url=target.url)
        return output.result()


async def watched(process: Process, folder: Path, largest: int, *, each: float = 0.25) -> int:
    """The exit status; git is ended early when the folder holds more bytes than `largest`."""
    while True:
        try:
            async with asyncio.timeout(each):
                return await process.wait()
        except TimeoutError:
            if await asyncio.to_thread(size_of, folder) > largest:
                process.terminate()


def size_of(folder: Path) -> int:
    """Bytes of the files below; what vanishes meanwhile counts nothing."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except FileNotFoundError:
                continue
    return total


async def _limited(stream: asyncio.StreamReader | None, most: int = 1 << 20) -> str:
    kept = b""
    while stream is not None and (piece := await stream.read(1 << 16)):
        kept = (kept + piece)[:most]
    return kept.decode("utf-8", "replace")
