"""Takes files back to a checkpoint: an edit like any other, which the next checkpoint keeps."""

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from firefly.bridge.shadow.store import ShadowStore
from firefly.bridge.tasks import in_thread

_LIMIT = 300.0


async def take_back(store: ShadowStore, root: Path, commit: str, paths: Sequence[str] | None) -> int:
    """The number of files changed; `paths`: of these files and folders only. What is staged is what is there now."""
    listed = await store.must("diff-index", "--cached", "--no-renames", "--name-status", "-z", commit)
    fields = [os.fsdecode(raw) for raw in listed.out.split(b"\0")]
    changes = [(kind, path) for kind, path in zip(fields[::2], fields[1::2], strict=False) if _is_meant(path, paths)]
    # From the checkpoint's side: what was added since goes, first, since a folder may stand where a file was.
    added = [path for kind, path in changes if kind == "A"]
    others = [path for kind, path in changes if kind != "A"]
    await in_thread(_remove, root, added)
    if others:
        listing = b"\0".join(os.fsencode(path) for path in others)
        read = ("--pathspec-from-file=-", "--pathspec-file-nul")
        await store.must("checkout", "--quiet", "--force", commit, *read, stdin=listing, timeout=_LIMIT)
    return len(changes)


def _is_meant(path: str, paths: Sequence[str] | None) -> bool:
    return paths is None or any(path == each or path.startswith(f"{each.rstrip('/')}/") for each in paths)


def _remove(root: Path, paths: Iterable[str]) -> None:
    """Files, and the folders that are empty then."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            (root / path).unlink()
        folder = (root / path).parent
        with contextlib.suppress(OSError):
            while folder != root:
                folder.rmdir()
                folder = folder.parent
