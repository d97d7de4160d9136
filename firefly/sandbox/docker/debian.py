"""A Debian tree by debootstrap, for machines that reach no registry of images: the base of the project image."""

import asyncio
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from firefly.errors import InvalidInput, Unavailable
from firefly.sandbox.mounts import HOME, USER

from .contents import USER as NUMBER

# What the bridge and git need; the second list is for projects.
NEEDED = ("ca-certificates", "git", "iptables", "libatomic1", "procps", "python3", "python3-venv")
TOOLS = ("build-essential", "curl", "less", "nano", "openssh-client", "pkg-config")
SUPERUSER_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Nobody reads them in a sandbox.
NOT_KEPT = ("usr/share/doc", "usr/share/info", "usr/share/man", "var/cache/apt", "var/lib/apt/lists", "var/log")
DEVICES = ("dev", "proc", "sys")
SOURCES_LIMIT = 30.0

Tell = Callable[[str], None]


def own_suite() -> str:
    """The name of this machine's Debian, whose Python is the image's. Raises InvalidInput on another system."""
    try:
        lines = Path("/etc/os-release").read_text().splitlines()
    except OSError:
        lines = []
    found = dict(line.split("=", 1) for line in lines if "=" in line)
    if found.get("ID", "").strip('"') != "debian" or "VERSION_CODENAME" not in found:
        raise InvalidInput("This machine is no Debian: name a --suite and a --mirror.")
    return found["VERSION_CODENAME"].strip('"')


async def own_mirror(suite: str) -> str:
    """Where this machine has its packages of `suite` from. Raises InvalidInput where it has none."""
    try:
        process = await asyncio.create_subprocess_exec(
            *("apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise InvalidInput("This machine has no apt: name a --mirror.") from None
    async with asyncio.timeout(SOURCES_LIMIT):
        output, _ = await process.communicate()
    for line in output.decode(errors="replace").splitlines():
        name, _, address = line.partition(" ")
        if name == suite and address:
            return address
    raise InvalidInput(f"This machine has no packages of {suite}: name a --mirror.")


async def make(folder: Path, *, suite: str, mirror: str, packages: Sequence[str], tell: Tell) -> None:
    """Unpack Debian below `folder`, which is made; `tell` gets a line for each step. Needs root.

    Raises Unavailable with the last lines where it fails.
    """
    program = shutil.which("debootstrap", path=SUPERUSER_PATH)
    if program is None:
        raise Unavailable("debootstrap is not installed: apt install debootstrap.")
    options = ["--variant=minbase", f"--include={','.join(packages)}"]
    process = await asyncio.create_subprocess_exec(
        program, *options, suite, str(folder), mirror,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={"PATH": SUPERUSER_PATH, "LANG": "C.UTF-8", "HOME": "/root"},
    )  # fmt: skip
    last: list[str] = []
    try:
        assert process.stdout is not None
        async for line in process.stdout:
            last = [*last[-19:], line.decode(errors="replace").rstrip()]
            tell(last[-1])
        code = await process.wait()
    except BaseException:
        process.kill()
        raise
    if code != 0:
        raise Unavailable("debootstrap failed: " + "\n".join(last))
    await asyncio.to_thread(_slim, folder)
    await asyncio.to_thread(_name_user, folder)


def _slim(folder: Path) -> None:
    for name in NOT_KEPT:
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "var" / "log").mkdir(exist_ok=True)


def _name_user(folder: Path) -> None:
    for name, line in (
        ("passwd", f"{USER}:x:{NUMBER}:{NUMBER}::{HOME}:/bin/bash\n"),
        ("group", f"{USER}:x:{NUMBER}:\n"),
    ):
        with (folder / "etc" / name).open("a") as file:
            file.write(line)


def python_of(folder: Path) -> str:
    """The version of the tree's Python, as in 3.11. Raises Unavailable where it has none."""
    try:
        return (folder / "usr" / "bin" / "python3").readlink().name.removeprefix("python")
    except OSError:
        raise Unavailable("The tree has no Python.") from None


async def pack(folder: Path, archive: Path) -> None:
    """Write the tree below `folder` into an archive, with owners by number and without devices. Raises Unavailable."""
    left_out = [f"--exclude=./{name}/*" for name in DEVICES]
    process = await asyncio.create_subprocess_exec(
        "tar", "--numeric-owner", *left_out, "-cf", str(archive), "-C", str(folder), ".", stdin=subprocess.DEVNULL
    )
    if await process.wait() != 0:
        raise Unavailable("The tree could not be packed.")
