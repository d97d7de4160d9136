"""Brings back a workspace whose files are gone: from the hosted repository, the newest checkpoint and the copy of
ignored files.
"""

import shutil
from contextlib import suppress
from pathlib import Path

from firefly.bridge.environment import Environment
from firefly.bridge.repository import DEFAULT_BRANCH, REMOTE, Repository
from firefly.bridge.shadow import checkpoint
from firefly.bridge.shadow.copies import Copies
from firefly.bridge.shadow.store import Head, ShadowStore
from firefly.bridge.tasks import in_thread
from firefly.bridge.workspace import ANNEX
from firefly.errors import Unavailable

ADDRESS = "firefly::shadow"
TRANSFER_LIMIT = 900.0


class Restoring:
    def __init__(self, environment: Environment, repository: Repository, store: ShadowStore, copies: Copies) -> None:
        self._environment = environment
        self._tree = environment.workspace
        self._repository = repository
        self._store = store
        self._copies = copies

    def is_lost(self) -> bool:
        """Whether there is nothing at all, not even a repository: deleting every file does not look like that."""
        return all(entry.name == ANNEX for entry in self._tree.iterdir())

    async def restore(self) -> str | None:
        """Fill the empty workspace; the checkpoint, None where the hosted repository has none.

        Raises Unavailable where something cannot be had; the workspace then is as empty as before.
        """
        try:
            newest = await self._restore()
            await self._copies.fetch()
            return newest
        except BaseException:
            await in_thread(self._empty)
            raise

    async def _restore(self) -> str | None:
        await self._store.start_over()
        newest = await self._newest()
        if newest is None:
            await self._repository.clone()
            return None
        await self._repository.connect()
        await self._user("fetch", "--quiet", REMOTE)
        head = checkpoint.read((await self._store.must("show", "-s", "--format=%B", newest)).text)
        await self._take_up(head)
        await self._store.must("read-tree", newest)
        await self._store.must("checkout-index", "--all", "--force", "--quiet", timeout=TRANSFER_LIMIT)
        return newest

    async def _newest(self) -> str | None:
        """Fetch the checkpoints; the youngest of all branches."""
        own = f"{checkpoint.ROOT}/{self._environment.workspace_id}/"
        done = await self._store.git(
            "fetch", "--quiet", "--no-tags", ADDRESS, f"+{own}*:{own}*", timeout=TRANSFER_LIMIT
        )
        if done.code != 0:
            raise Unavailable(f"The checkpoints of this workspace cannot be read: {done.error_text[-300:]}")
        newest = await self._store.must(
            "for-each-ref", "--sort=-committerdate", "--count=1", "--format=%(objectname)", own
        )
        return newest.text or None

    async def _take_up(self, head: Head) -> None:
        """The user's repository stands where it stood: on its branch, at its commit, pushed or not."""
        branch = head.ref.removeprefix("refs/heads/")
        if head.commit is None:
            await self._user("symbolic-ref", "HEAD", head.ref if head.ref != "HEAD" else f"refs/heads/{DEFAULT_BRANCH}")
            return
        await self._user("fetch", "--quiet", "--no-tags", str(self._store.folder), head.commit)
        if head.ref == "HEAD":
            await self._user("update-ref", "--no-deref", "HEAD", head.commit)
        else:
            await self._user("update-ref", head.ref, head.commit)
            await self._user("symbolic-ref", "HEAD", head.ref)
            # A branch that was never pushed follows none.
            await self._store.user_git("branch", "--quiet", f"--set-upstream-to={REMOTE}/{branch}", branch)
        await self._user("read-tree", head.commit)

    async def _user(self, *arguments: str) -> None:
        done = await self._store.user_git(*arguments, timeout=TRANSFER_LIMIT)
        if done.code != 0:
            raise Unavailable(f"The workspace cannot be restored: git {arguments[0]}: {done.error_text[-300:]}")

    def _empty(self) -> None:
        for entry in self._tree.iterdir():
            _remove(entry)


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
