"""Fetching somebody else's repository into a hosted one: watched, limited, and told step by step."""

import asyncio
import os
import re
import shlex
import shutil
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from ..errors import InvalidInput, TimedOut, TooLarge
from .addresses import AddressPolicy
from .command import Git, GitFailed
from .probe import follow
from .progress import Progress, Report, explain, follow_progress
from .repositories import DEFAULT_BRANCH, Repositories, set_head, write_skeleton
from .sources import Source, parse_source

LARGEST = 2 << 30
_STALLED_AFTER = 60
_SYMREF = re.compile(r"ref: refs/heads/(\S+)\tHEAD")


@dataclass(frozen=True, slots=True)
class _Target:
    """How git is told to reach a source, and nothing but it."""

    url: str
    settings: Mapping[str, str]
    environment: Mapping[str, str]


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
        self._policy = policy
        self._keep_out = keep_out
        self._timeout = timeout
        self._largest = largest

    def check(self, url: str, *, allow_file: bool = False) -> Source:
        """What can be said without asking anyone. Raises InvalidInput."""
        source = parse_source(url)
        if source.scheme == "file" and not allow_file:
            who = "Only administrators import from files of the server, by program with a token of the scope admin."
            raise InvalidInput(who, field="git_url")
        return source

    async def run(self, project_id: UUID, url: str, *, report: Report, allow_file: bool = False) -> str:
        """Replace the project's repository with what lies at `url`; returns its default branch.

        Cancelling ends git and leaves the old repository. Raises InvalidInput, TimedOut, TooLarge, StorageFull.
        """
        source = self.check(url, allow_file=allow_file)
        fresh = await asyncio.to_thread(self._repositories.scratch)
        try:
            async with asyncio.timeout(self._timeout):
                branch = await self._fill(fresh, source, report)
            await self._repositories.replace(project_id, fresh)
        except TimeoutError as error:
            raise TimedOut(f"The import took longer than {self._timeout / 60:.0f} minutes and was ended.") from error
        finally:
            await asyncio.to_thread(shutil.rmtree, fresh, ignore_errors=True)
        return branch

    async def _fill(self, fresh: Path, source: Source, report: Report) -> str:
        report(Progress("find", f"Looking for {source.host or source.path}"))
        target = await self._target(source)
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

    async def _target(self, source: Source) -> _Target:
        if source.scheme == "file":
            return await asyncio.to_thread(self._file_target, source)
        if source.scheme == "ssh":
            addresses = await self._policy.resolve(source.host, source.port)
            return _Target(source.url, {"protocol.ssh.allow": "always"}, self._ssh(source, addresses[0]))
        source, addresses = await follow(source, self._policy)
        pins = ",".join(f"[{address}]" if ":" in address else address for address in addresses)
        settings = {
            f"protocol.{source.scheme}.allow": "always",
            "http.followRedirects": "false",
            "http.proxy": "",
            "http.lowSpeedLimit": "100",
            "http.lowSpeedTime": str(_STALLED_AFTER),
        }
        if ":" not in source.host:
            settings["http.curloptResolve"] = f"{source.host}:{source.port}:{pins}"
        return _Target(source.url, settings, {})

    def _file_target(self, source: Source) -> _Target:
        path = Path(source.path).resolve()
        if path.is_relative_to(self._keep_out.resolve()):
            raise InvalidInput("Firefly's own data cannot be imported.", field="git_url")
        if not path.is_dir():
            raise InvalidInput("There is no repository at this address.", field="git_url")
        return _Target(f"file://{path}", {"protocol.file.allow": "always"}, {})

    def _ssh(self, source: Source, address: str) -> Mapping[str, str]:
        folder = self._keep_out / "ssh"
        folder.mkdir(mode=0o700, exist_ok=True)
        options = {
            "BatchMode": "yes",
            "StrictHostKeyChecking": "accept-new",
            "UserKnownHostsFile": str(folder / "known_hosts"),
            "IdentityFile": str(folder / "id_ed25519"),
            "IdentitiesOnly": "yes",
            "ConnectTimeout": "15",
            "ServerAliveInterval": "15",
            "HostName": address,
            "HostKeyAlias": source.host,
        }
        command = [
            "ssh",
            "-F",
            "/dev/null",
            *(part for name, value in options.items() for part in ("-o", f"{name}={value}")),
        ]
        return {"GIT_SSH_COMMAND": shlex.join(command), "GIT_SSH_VARIANT": "ssh"}

    async def _execute(self, fresh: Path, target: _Target, arguments: Sequence[str], report: Report) -> str:
        running = self._git.process(*arguments, settings=target.settings, environment=target.environment, cwd=fresh)
        async with running as process, asyncio.TaskGroup() as group:
            output = group.create_task(_limited(process.stdout))
            errors = group.create_task(follow_progress(process.stderr, report))
            status = await self._watched(fresh, process)
        if await asyncio.to_thread(size_of, fresh) > self._largest:
            raise TooLarge(f"The repository is larger than {self._largest >> 20} MiB, the most that is imported.")
        if status:
            raise explain(GitFailed(status, errors.result()), url=target.url)
        return output.result()

    async def _watched(self, folder: Path, process: Process) -> int:
        """The exit status; git is ended early when what has come is too much."""
        while True:
            try:
                async with asyncio.timeout(0.25):
                    return await process.wait()
            except TimeoutError:
                if await asyncio.to_thread(size_of, folder) > self._largest:
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
