"""The folders of workspaces on this machine: made for the user that a sandbox has, and deleted."""

import asyncio
import os
import subprocess
from pathlib import Path


def make(folder: Path, uid: int) -> tuple[Path, Path]:
    """Tree and home of a workspace. The folder itself stays the server's, so that nothing inside replaces them."""
    folder.mkdir(mode=0o711, exist_ok=True)
    tree, home = folder / "tree", folder / "home"
    for path in (tree, home):
        if not path.exists():
            path.mkdir(mode=0o700)
            if os.getuid() == 0:
                os.chown(path, uid, uid, follow_symlinks=False)
    return tree, home


async def remove(folder: Path) -> None:
    """Delete a workspace's folder with all in it, also what its user had no right to."""
    for command in (("rm", "-rf"), ("chmod", "-R", "u+rwX"), ("rm", "-rf")):
        if not await asyncio.to_thread(folder.exists):
            return
        process = await asyncio.create_subprocess_exec(
            *command, "--", str(folder), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        await process.wait()
