"""Sends what is staged as a checkpoint to the hosted repository, where that does not have it already."""

from firefly.bridge.shadow import checkpoint
from firefly.bridge.shadow.store import Head, ShadowStore
from firefly.errors import Unavailable

ADDRESS = "firefly::shadow"
SEND_LIMIT = 100.0
TIDY_EVERY = 300
_TRIES = 3
_BEHIND = ("(fetch first)", "(non-fast-forward)", "(stale info)")


class Delivery:
    """One call at a time."""

    def __init__(self, store: ShadowStore, workspace_id: str) -> None:
        self._store = store
        self._workspace_id = workspace_id
        self._done: tuple[str, str, Head] | None = None
        self._sent = 0

    @property
    def commit(self) -> str | None:
        """The newest checkpoint that is there."""
        return self._done[1] if self._done else None

    async def deliver(self) -> None:
        """Raises Unavailable with what the server says, Conflict where git fails."""
        tree, head = await self._store.write_tree(), await self._store.user_head()
        if self._done is not None and (self._done[0], self._done[2]) == (tree, head):
            return
        reference = checkpoint.reference(self._workspace_id, head)
        if not await self._is_needed(tree, head, reference):
            return
        commit = await self._send(tree, head, reference)
        self._done = (tree, commit, head)
        self._sent += 1
        if self._sent % TIDY_EVERY == 0:
            await self._store.tidy()

    async def fetch(self) -> None:
        """Have every checkpoint of the workspace here."""
        own = f"{checkpoint.ROOT}/{self._workspace_id}/*"
        await self._store.must("fetch", "--quiet", "--no-tags", ADDRESS, f"+{own}:{own}", timeout=SEND_LIMIT)

    async def _is_needed(self, tree: str, head: Head, reference: str) -> bool:
        """Not for what the hosted repository has anyhow, nor for what is the newest checkpoint already."""
        if (last := await self._store.find(reference)) is not None:
            same = await self._store.tree_of(last) == tree and await self._head_of(last) == head
            if same and self._done is None:
                self._done = (tree, last, head)
            return not same
        if head.commit is None or await self._store.tree_of(head.commit) != tree:
            return True
        return self._done is not None or not await self._store.is_hosted(head)

    async def _head_of(self, commit: str) -> Head:
        return checkpoint.read((await self._store.must("show", "-s", "--format=%B", commit)).text)

    async def _send(self, tree: str, head: Head, reference: str) -> str:
        """The new checkpoint. One that somebody else made meanwhile, or that was thinned out, becomes its parent."""
        for _ in range(_TRIES):
            parents = [parent for parent in (await self._store.find(reference), head.commit) if parent]
            commit = await self._store.commit(tree, checkpoint.message(head), parents)
            done = await self._store.git(
                "push", "--quiet", "--no-verify", ADDRESS, f"{commit}:{reference}", timeout=SEND_LIMIT
            )
            if done.code == 0:
                await self._store.set(reference, commit)
                return commit
            if not any(word in done.error_text for word in _BEHIND):
                raise Unavailable(_last_words(done.error_text))
            await self._store.must("fetch", "--quiet", "--no-tags", ADDRESS, f"+{reference}:{reference}")
        raise Unavailable("The hosted repository changes all the time.")


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    chosen = next((line for line in lines if line.startswith("firefly: ")), lines[-1] if lines else "no answer")
    return chosen.removeprefix("firefly: ")[:300]
