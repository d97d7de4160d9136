"""git in the workspace: the remote, the first commit, and following what was pushed. It runs here, in the sandbox."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

import structlog

from firefly.bridge.environment import Environment
from firefly.bridge.process import Finished, run
from firefly.bridge.workspace import REPOSITORY
from firefly.errors import Conflict, Unavailable
from firefly.protocol.workspace import Pulled

REMOTE, ADDRESS = "origin", "firefly::origin"
DEFAULT_BRANCH = "main"
_AUTHOR = ("-c", "user.name=Firefly", "-c", "user.email=firefly@localhost")
_TRANSFER_TIMEOUT = 110.0
_REF = re.compile(r"^([0-9a-f]{40,64})\t(refs/(?:heads|tags)/[^^\s]+)$", re.MULTILINE)
_SYMREF = re.compile(r"^ref: (refs/heads/\S+)\tHEAD$", re.MULTILINE)
log = structlog.get_logger()


class Repository:
    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    async def head(self) -> str | None:
        """The commit of HEAD, None before the first."""
        done = await self._git("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        return done.text if done.code == 0 else None

    async def copied_head(self) -> str | None:
        """`head` of a repository that was copied from a prepared one, for which git need not be asked."""
        loose = self._environment.workspace / REPOSITORY / "refs" / "heads" / DEFAULT_BRANCH
        try:
            return (await asyncio.to_thread(loose.read_text)).strip()
        except OSError:
            return await self.head()

    async def exists(self) -> bool:
        return (await self._git("rev-parse", "--git-dir")).code == 0

    async def connect(self) -> None:
        """A repository with `origin` being the hosted one; a remote of that name that the user set stays."""
        if (await self._git("config", "--local", "--get", f"remote.{REMOTE}.url")).code == 0:
            return
        if not await self.exists():
            await self._must("init", "--quiet", f"--initial-branch={DEFAULT_BRANCH}")
        await self._must("remote", "add", REMOTE, ADDRESS)

    async def commit_all(self, message: str) -> str | None:
        """The new commit, or HEAD when there is nothing to commit."""
        await self._must("add", "--all")
        if (await self._git("diff", "--cached", "--quiet")).code != 0:
            await self._must(*_AUTHOR, "commit", "--quiet", "--no-verify", "-m", message)
        return await self.head()

    async def publish(self) -> bool:
        """Send the present branch to the hosted repository; False when there is no way to it."""
        if not (self._environment.gateway / "git.sock").exists():
            return False
        done = await self._git("push", "--quiet", "--set-upstream", REMOTE, "HEAD", timeout=_TRANSFER_TIMEOUT)
        if done.code != 0:
            log.warning("repository.publish_failed", error=done.error_text[-500:])
        return done.code == 0

    async def clone(self) -> str | None:
        """Fill the empty workspace from the hosted repository. Raises Unavailable when it cannot be read."""
        await self.connect()
        said = (await self._fetch("ls-remote", "--symref", ADDRESS)).text
        found = _SYMREF.search(said)
        if not found:
            return None
        branch = found[1].removeprefix("refs/heads/")
        settled, refs = await asyncio.to_thread(self._take_settled), {ref: name for name, ref in _REF.findall(said)}
        if not settled or not await self._has(refs):
            await self._fetch("fetch", "--quiet", REMOTE)
        head = await self._head_of(branch)
        if not settled or {settled, head} != {refs.get(f"refs/heads/{branch}")}:
            await self._must("checkout", "--quiet", "--force", "-B", branch, "--track", f"{REMOTE}/{branch}")
        return await self.head()

    async def settle(self) -> None:
        """Put all files to what was committed, and note that, so that who begins on them need not look at each."""
        commit = await self.head()
        if commit is None:
            return
        done = await self._git("reset", "--quiet", "--hard", timeout=_TRANSFER_TIMEOUT)
        if done.code == 0:
            await asyncio.to_thread(self._note_settled, commit)
        else:
            log.warning("repository.not_settled", error=done.error_text[-500:])

    async def _has(self, refs: Mapping[str, str]) -> bool:
        """Whether branches and tags of the hosted repository are known here as they are."""
        listed = await self._must(
            "for-each-ref", "--format=%(objectname)\t%(refname)", f"refs/remotes/{REMOTE}", "refs/tags"
        )
        known = {ref: name for name, ref in (line.split("\t") for line in listed.text.splitlines())}
        there = {ref.replace("refs/heads/", f"refs/remotes/{REMOTE}/", 1): name for ref, name in refs.items()}
        return there.items() <= known.items()

    async def _head_of(self, branch: str) -> str | None:
        """The commit of HEAD where that is the branch."""
        current = (await self._git("symbolic-ref", "--quiet", "HEAD")).text
        return await self.head() if current == f"refs/heads/{branch}" else None

    @property
    def _settled(self) -> Path:
        return self._environment.workspace / REPOSITORY / "firefly" / "settled"

    def _note_settled(self, commit: str) -> None:
        self._settled.parent.mkdir(exist_ok=True)
        self._settled.write_text(commit)

    def _take_settled(self) -> str:
        """The commit that nothing differs from; once, since from now on it may."""
        try:
            text = self._settled.read_text()
            self._settled.unlink()
        except OSError:
            return ""
        return text

    async def go_back(self, commit: str) -> bool:
        """Put the branch and all files to an earlier commit; False where it is not known here."""
        if (await self._git("cat-file", "-e", f"{commit}^{{commit}}")).code != 0:
            return False
        await self._must("reset", "--quiet", "--hard", commit)
        return True

    async def pull(self, ref: str) -> Pulled:
        """Follow `ref` of the hosted repository when nothing of the user's is in the way."""
        branch = ref.removeprefix("refs/heads/")
        await self.connect()
        current = (await self._git("symbolic-ref", "--quiet", "--short", "HEAD")).text
        if current != branch:
            where = f"on the branch {current}" if current else "not on a branch"
            return Pulled(updated=False, reason=f"The workspace is {where}, not on {branch}; it stays as it is.")
        remote = f"refs/remotes/{REMOTE}/{branch}"
        known = (await self._git("rev-parse", "--verify", "--quiet", remote)).text
        await self._fetch("fetch", "--quiet", REMOTE, f"+{ref}:{remote}")
        target = (await self._must("rev-parse", remote)).text
        return await self._follow(branch, target, known)

    async def _follow(self, branch: str, target: str, known: str) -> Pulled:
        """`known` is what the hosted branch was before, empty when unknown."""
        before = await self.head()
        if before == target:
            return Pulled(updated=False, reason="The workspace has that commit already.", commit=before)
        if before is None:
            return await self._merged(branch, target, await self._git("checkout", "--quiet", "-B", branch, target))
        forward = await self._contains(target, before)
        # A forced push: what it left out was the hosted repository's, not the workspace's alone.
        if not forward and not (known and await self._contains(known, before)):
            if await self._contains(before, target):
                return Pulled(updated=False, reason="The workspace is ahead of what was pushed.", commit=before)
            reason = f"The workspace has commits that {branch} does not have. Merge them in the terminal: git pull"
            return Pulled(updated=False, reason=reason, commit=before)
        if changed := await self._changed():
            reason = f"The workspace has changes that are not committed: {changed}. Commit them, then: git pull"
            return Pulled(updated=False, reason=reason, commit=before)
        move = ("merge", "--quiet", "--ff-only") if forward else ("reset", "--quiet", "--keep")
        return await self._merged(branch, target, await self._git(*move, target))

    async def _contains(self, commit: str, other: str) -> bool:
        return (await self._git("merge-base", "--is-ancestor", other, commit)).code == 0

    async def _merged(self, branch: str, target: str, done: Finished) -> Pulled:
        if done.code == 0:
            return Pulled(updated=True, reason=f"The workspace follows {branch}.", commit=target)
        first = next(iter(done.error_text.splitlines()), "git refused")
        return Pulled(updated=False, reason=f"The workspace stays as it is: {first}", commit=await self.head())

    async def _changed(self) -> str:
        """The tracked files that differ, for people; empty when clean."""
        status = await self._must("status", "--porcelain", "--untracked-files=no", "-z")
        paths = [entry[3:].decode(errors="replace") for entry in status.out.split(b"\0") if len(entry) > 3]
        more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
        return ", ".join(paths[:3]) + more

    async def _fetch(self, *arguments: str) -> Finished:
        done = await self._git(*arguments, timeout=_TRANSFER_TIMEOUT)
        if done.code != 0:
            last = done.error_text.splitlines()[-1:] or ["no answer"]
            raise Unavailable(f"The hosted repository cannot be read: {last[0]}")
        return done

    async def _must(self, *arguments: str) -> Finished:
        done = await self._git(*arguments)
        if done.code != 0:
            raise Conflict(f"git {arguments[0]} failed: {done.error_text[-500:]}")
        return done

    async def _git(self, *arguments: str, timeout: float = 60) -> Finished:
        environment = self._environment.child(GIT_TERMINAL_PROMPT="0", LC_ALL="C.UTF-8")
        argv = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", *arguments)
        return await run(argv, cwd=self._environment.workspace, env=environment, timeout=timeout)
