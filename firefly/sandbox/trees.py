"""The folders of workspaces on this machine: made for the user that a sandbox has, and deleted."""

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from firefly.resources import PACKAGE
from firefly.spawning import spawn

_TRY = "import sys; sys.path.insert(0, sys.argv[1]); from firefly.sandbox.overlays import main; main(sys.argv[2])"


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
        process = await spawn(*command, "--", folder, stderr=subprocess.DEVNULL)
        await process.wait()


async def measure(folder: Path, unit: str) -> int:
    """What `du` counts: bytes on the disk with `--block-size=1`, files and folders with `--inodes`."""
    command = ("du", "--summarize", "--one-file-system", unit, "--")
    process = await spawn(*command, folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output, _ = await process.communicate()
    return int(output.split()[0]) if output else 0


async def can_lie_on_layers(folder: Path) -> bool:
    """Whether workspaces in `folder` can lie on layers: it depends on the kernel and on the file system."""
    place = await asyncio.to_thread(tempfile.mkdtemp, prefix="layers-", dir=folder)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-c", _TRY, str(PACKAGE.parent), place),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        return await process.wait() == 0
    finally:
        await remove(Path(place))
