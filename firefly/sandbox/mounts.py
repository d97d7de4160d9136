"""What a sandbox sees: an allow-list of folders and files, as arguments of bubblewrap, and the bridge's environment."""

import os
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from firefly import privileges
from firefly.resources import PACKAGE

from . import languages
from .launch import BRIDGE_FD
from .runtimes import USUAL, Runtimes

WORKSPACE, HOME, OPT = "/workspace", "/home/firefly", "/opt/firefly"
GATEWAY = "/run/firefly/gateway"
USER = "firefly"
UID_INSIDE = 1000
SYSTEM_ROOTS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
SYSTEM_FILES = (
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/pki/ca-trust/extracted",
    "/etc/pki/tls",
    "/etc/protocols",
    "/etc/services",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
)
TRUST_VARIABLES = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "CURL_CA_BUNDLE",
)
OWN_FILES: Mapping[str, str] = {
    "passwd": f"root:x:0:0:root:/:/usr/sbin/nologin\n{USER}:x:{UID_INSIDE}:{UID_INSIDE}::{HOME}:/bin/bash\n",
    "group": f"root:x:0:\n{USER}:x:{UID_INSIDE}:\n",
    "hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
    "resolv.conf": "nameserver 10.0.2.3\noptions timeout:3\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
# Where a forked bridge and what it starts may write; mounts decide what there is to be written.
WRITABLE = (WORKSPACE, HOME, "/tmp", "/dev", "/proc")
# What lies in these folders is memory that nothing can take back, so processes are left a quarter of all.
TEMPORARY_SIZE, SHARED_MEMORY_SIZE = 1 << 30, 256 << 20


@dataclass(frozen=True, slots=True)
class View:
    """The folders of one run on the host. `own_files` holds the files of OWN_FILES."""

    tree: Path
    home: Path
    gateway: Path
    own_files: Path
    prepared: Path
    runtimes: Runtimes
    staged: bool


class Sources:
    """Names for what is mounted. Staged ones stand below a folder that the sandbox's user may enter."""

    def __init__(self, *, staged: bool) -> None:
        self.stage: dict[str, str] = {}
        self._staged = staged

    def add(self, path: Path) -> str:
        if not self._staged:
            return str(path)
        name = f"s{len(self.stage)}"
        self.stage[name] = str(path)
        return str(privileges.STAGE / name)


def arguments(view: View, *, program: str, memory: int) -> tuple[list[str], dict[str, str]]:
    """bubblewrap's command line up to what it runs, and what must be staged for it."""
    sources = Sources(staged=view.staged)
    options = [program, "--unshare-all", "--unshare-user", "--disable-userns", "--new-session", "--die-with-parent"]
    options += ["--uid", str(UID_INSIDE), "--gid", str(UID_INSIDE), "--hostname", "sandbox", "--cap-drop", "ALL"]
    options += [*_system(), *_own_files(sources, view.own_files), *_kernel(memory)]
    for folder in view.runtimes.folders:
        options += ["--ro-bind", sources.add(folder), str(folder)]
    options += [*_firefly(sources, view.prepared), *_trust(sources)]
    options += ["--bind", sources.add(view.tree), WORKSPACE, "--bind", sources.add(view.home), HOME]
    options += ["--ro-bind", sources.add(view.gateway), GATEWAY]
    options += ["--remount-ro", "/", "--chdir", WORKSPACE]
    return options, sources.stage


def needed(view: View) -> list[Path]:
    """The folders that a bridge without isolation needs at their own places."""
    found = [view.tree, view.home, view.gateway, PACKAGE, *_libraries().values(), *view.runtimes.folders]
    return [*found, view.prepared] if view.prepared.is_dir() else found


def _system() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for name in SYSTEM_ROOTS:
        path = Path("/", name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))
    for name in (*SYSTEM_FILES, *languages.settings()):
        yield from ("--ro-bind-try", name, name)


def _kernel(memory: int) -> Iterator[str]:
    temporary, shared = min(TEMPORARY_SIZE, memory // 2), min(SHARED_MEMORY_SIZE, memory // 4)
    yield from ("--proc", "/proc", "--dev", "/dev")
    yield from ("--perms", "1777", "--size", str(shared), "--tmpfs", "/dev/shm", "--remount-ro", "/dev")
    yield from ("--perms", "1777", "--size", str(temporary), "--tmpfs", "/tmp")
    yield from ("--dir", "/var", "--symlink", "/tmp", "/var/tmp", "--dir", "/run")


def _own_files(sources: Sources, folder: Path) -> Iterator[str]:
    seen = sources.add(folder)
    for name in OWN_FILES:
        yield from ("--ro-bind", f"{seen}/{name}", f"/etc/{name}")


def _firefly(sources: Sources, prepared: Path) -> Iterator[str]:
    yield from ("--ro-bind", sources.add(PACKAGE), f"{OPT}/package/firefly")
    for name, folder in _libraries().items():
        yield from ("--ro-bind", sources.add(folder), f"{OPT}/{name}")
    # A link, so that what is started by it finds the package that it belongs to.
    yield from ("--symlink", "package/firefly/bridge/bin", f"{OPT}/bin")
    if prepared.is_dir():
        yield from ("--ro-bind", sources.add(prepared), f"{OPT}/prepared")


def packages() -> dict[str, str]:
    """The folders that the bridge imports from: inside → here."""
    return {f"{OPT}/package": str(PACKAGE.parent)} | {f"{OPT}/{name}": str(at) for name, at in _libraries().items()}


def _libraries() -> dict[str, Path]:
    pure, platform = Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("platlib"))
    return {"libraries": pure} if pure == platform else {"libraries": pure, "platform": platform}


def _trust(sources: Sources) -> Iterator[str]:
    """The certificate authorities that this machine was told to trust, at their own paths."""
    seen: set[str] = set()
    for name in TRUST_VARIABLES:
        path = os.environ.get(name, "")
        if path.startswith("/") and path not in seen and Path(path).exists() and not _is_visible(path):
            seen.add(path)
            yield from ("--ro-bind", sources.add(Path(path)), path)


def _is_visible(path: str) -> bool:
    return any(path == root or path.startswith(f"{root}/") for root in ("/usr", "/etc/ssl/certs", "/etc/pki"))


def environment(view: View, *, workspace_id: str, extra: Mapping[str, str], port: int | None) -> dict[str, str]:
    """The whole environment of the bridge; nothing else of the server's reaches it.

    `port` is where the application must listen without isolation; None: isolated, so that it may choose.
    """
    isolated = port is None
    package = f"{OPT}/package" if isolated else str(PACKAGE.parent)
    libraries = (
        [f"{OPT}/{name}" for name in _libraries()] if isolated else [str(path) for path in _libraries().values()]
    )
    helpers = f"{OPT}/bin" if isolated else str(PACKAGE / "bridge" / "bin")
    prepared = f"{OPT}/prepared" if isolated else str(view.prepared)
    return {
        **{name: os.environ[name] for name in TRUST_VARIABLES if os.environ.get(name, "").startswith("/")},
        "PATH": ":".join([helpers, *map(str, view.runtimes.binaries), *USUAL]),
        "HOME": HOME if isolated else str(view.home),
        "USER": USER,
        "LOGNAME": USER,
        "SHELL": "/bin/bash" if Path("/bin/bash").exists() else "/bin/sh",
        "LANG": "C.UTF-8",
        "TMPDIR": "/tmp",
        "PYTHONPATH": ":".join([package, *libraries]),
        **extra,
        "FIREFLY_BRIDGE_FD": str(BRIDGE_FD),
        "FIREFLY_WORKSPACE": WORKSPACE if isolated else str(view.tree),
        "FIREFLY_WORKSPACE_ID": workspace_id,
        "FIREFLY_GATEWAY": GATEWAY if isolated else str(view.gateway),
        **({} if isolated else {"FIREFLY_APPLICATION_PORT": str(port)}),
        **({"FIREFLY_PREPARED": prepared} if view.prepared.is_dir() else {}),
    }
