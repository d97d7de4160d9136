"""Workspaces that begin with a copy of a layer, where the kernel or the server's user lets nothing lie on one.

Blocks are shared where the file system can do that; elsewhere it takes the time of a copy, and the room. Layers that
are made here hold all files, whatever they began with, so that the uppermost is the whole.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from firefly.errors import SandboxFailed

MARK = "copied"


def begin(layers: Sequence[Path], folder: Path, uid: int) -> None:
    """Make the tree of a workspace that has none yet. It begins empty where its layers are not here, or not whole.

    Blocks. Raises SandboxFailed where there is no room.
    """
    tree, fresh = folder / "tree", folder / "tree.new"
    if tree.exists() or not layers[0].is_dir() or not (len(layers) == 1 or _mark_of(layers[0]).exists()):
        return
    folder.mkdir(mode=0o711, exist_ok=True)
    try:
        _run("rm", "-rf", "--", fresh)
        _run("cp", "-a", "--reflink=auto", "--", layers[0], fresh)
        if os.getuid() == 0:
            _run("chown", "-hR", f"{uid}:{uid}", "--", fresh)
    except subprocess.CalledProcessError as error:
        raise SandboxFailed(f"What the workspace begins with could not be copied: {error.stderr[-300:]}") from error
    (folder / MARK).touch()
    fresh.rename(tree)


def is_copied(folder: Path) -> bool:
    """Whether a workspace has all its files itself, and lies on nothing even where it could."""
    return (folder / MARK).exists()


def note_whole(layer: Path) -> None:
    _mark_of(layer).touch()


def forget(layer: Path) -> None:
    _mark_of(layer).unlink(missing_ok=True)


def _mark_of(layer: Path) -> Path:
    return layer.with_name(f"{layer.name}.whole")


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
