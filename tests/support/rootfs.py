"""An image with the bridge, made in seconds of this machine's own Python, git and shell, for engines of tests."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable
from pathlib import Path

from firefly.sandbox.docker import contents
from tests.support.engine import PATH

PROGRAMS = (
    *("bash", "cat", "chmod", "chroot", "cp", "cut", "date", "dd", "dirname", "echo", "env", "find", "git", "grep"),
    *("head", "hostname", "id", "kill", "ln", "ls", "mkdir", "mknod", "mount", "mv", "node", "nohup", "printf"),
    *(
        "ps",
        "pwd",
        "readlink",
        "rm",
        "sed",
        "setsid",
        "sh",
        "sleep",
        "stat",
        "su",
        "sysctl",
        "tail",
        "touch",
        "tr",
        "true",
    ),
    *("umount", "uname", "unshare", "wc", "iptables-restore", "ip6tables-restore"),
)
FILTERS = Path(f"/usr/lib/{sysconfig.get_config_var('MULTIARCH')}/xtables")
GIT = Path("/usr/lib/git-core")
# Of the standard library, what no sandbox of a test imports.
LEFT_OUT = (
    "test",
    "tests",
    "idlelib",
    "ensurepip",
    "tkinter",
    "lib2to3",
    "site-packages",
    "config-*",
    "__pycache__",
    "*.a",
)
NAMES = {
    "etc/passwd": "root:x:0:0:root:/:/bin/sh\nfirefly:x:10001:10001::/home/firefly:/bin/bash\n",
    "etc/group": "root:x:0:\nfirefly:x:10001:\n",
}
OWN = ("./workspace", "./home/firefly")
PYTHON = "/usr/local/bin/python3"
CHANGES = (
    "ENV PATH=/usr/local/bin:/usr/bin:/bin PYTHONPATH=/opt/firefly/package:/opt/firefly/libraries LANG=C.UTF-8",
    f'CMD ["{PYTHON}", "-s", "-P", "-m", "firefly.bridge"]',
)


def make(folder: Path) -> Path:
    """The archive of a tree that is made below `folder`; `CHANGES` belong to its import."""
    root = folder / "root"
    for name in ("usr/bin", "usr/lib", "usr/lib64", "usr/local/bin", "etc", "tmp", "proc", "sys", "dev", "run"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    programs = {name: Path(found).resolve() for name in PROGRAMS if (found := shutil.which(name, path=PATH))}
    for name, program in programs.items():
        shutil.copy2(program, root / "usr" / "bin" / name)
    shutil.copytree(FILTERS, root / FILTERS.relative_to("/"))
    python, extensions = _python(root)
    _git(root)
    contents.gather(root, None)
    _libraries(root, [*programs.values(), *FILTERS.iterdir(), python, *extensions])
    for name, text in NAMES.items():
        (root / name).write_text(text)
    for name in OWN:
        (root / name).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    archive = folder / "image.tar"
    with tarfile.open(archive, "w") as packed:
        packed.add(root, ".", filter=_of_root)
    shutil.rmtree(root)
    return archive


def _python(root: Path) -> tuple[Path, list[Path]]:
    binary, library = Path(sys.executable).resolve(), Path(sysconfig.get_path("stdlib"))
    shutil.copy2(binary, root / PYTHON[1:])
    (root / "usr/bin/python3").symlink_to(PYTHON)
    shutil.copytree(library, root / "usr/local/lib" / library.name, ignore=shutil.ignore_patterns(*LEFT_OUT))
    return binary, list((library / "lib-dynload").glob("*.so"))


def _git(root: Path) -> None:
    """Its parts are the one program under many names."""
    target = root / "usr/lib/git-core"
    target.mkdir(parents=True)
    for part in GIT.iterdir():
        if part.is_symlink() or part.samefile("/usr/bin/git"):
            (target / part.name).symlink_to("/usr/bin/git")
        elif part.name.startswith(("git-remote-ext", "git-sh-setup", "git-submodule")):
            shutil.copy2(part, target / part.name)


def _libraries(root: Path, files: Iterable[Path]) -> None:
    """What the loader would load for them, at the places where it looks."""
    found = set[str]()
    for file in files:
        done = subprocess.run(["ldd", str(file)], capture_output=True, text=True)
        found |= set(re.findall(r"(/\S+) \(0x", done.stdout))
    for extension in (root / "opt/firefly/libraries").rglob("*.so"):
        done = subprocess.run(["ldd", str(extension)], capture_output=True, text=True)
        found |= {path for path in re.findall(r"(/\S+) \(0x", done.stdout) if not path.startswith(str(root))}
    for path in found:
        target = root / ("usr" + path if path.startswith("/lib") else path[1:])
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(os.path.realpath(path), target)


def _of_root(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = contents.USER if info.name in OWN else 0
    info.uname = info.gname = ""
    info.mode |= 0o555 if info.isdir() or info.mode & 0o100 else 0o444
    return info
