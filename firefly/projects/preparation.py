"""Templates made ready, so that a new project is a copy: a repository for the server, a tree for sandboxes.

    <data>/prepared/<template>/…         files and `.git`, mounted read-only into every sandbox (FIREFLY_PREPARED)
    <data>/repositories/prepared/<template>.git     its bare twin, with the same commit

The commit has a fixed author and date: the same files give the same commit everywhere.
"""

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import structlog

from ..git import Git, beginning
from .catalogue import DESCRIPTION, Catalogue, Template

log = structlog.get_logger()

_MADE = "firefly-made-from"
_CONFIG = '[remote "origin"]\n\turl = firefly::origin\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n'
_BRANCH = '[branch "main"]\n\tremote = origin\n\tmerge = refs/heads/main\n'


class Preparation:
    def __init__(self, *, data: Path, git: Git, catalogue: Catalogue) -> None:
        self._trees = data / "prepared"
        self._repositories = data / "repositories" / "prepared"
        self._git = git
        self._catalogue = catalogue
        self._digests: dict[str, str] = {}

    async def open(self) -> None:
        """Make what is missing or of other files than the present ones; before the first sandbox starts."""
        for folder, mode in ((self._trees, 0o755), (self._repositories, 0o700)):
            await asyncio.to_thread(_make_folder, folder, mode)
        for template in self._catalogue.list():
            digest = self._digests[template.name] = await asyncio.to_thread(digest_of, template.folder)
            if not await asyncio.to_thread(self._is_made, template, digest):
                await self._make(template, digest)
                log.info("template.prepared", template=template.name)

    def digest(self, template: str) -> str:
        """What tells a template's present files from others."""
        return self._digests[template]

    def installing(self) -> Sequence[str]:
        """The templates that have dependencies."""
        names = ("package.json", "requirements.txt")
        return [one.name for one in self._catalogue.list() if any((one.folder / name).is_file() for name in names)]

    def warm(self, template: str) -> Sequence[str]:
        """The paths that its application is asked for when it is made ready."""
        return self._catalogue.get(template).warm

    def repository(self, template: str) -> Path:
        return self._repositories / f"{template}.git"

    def tree(self, template: str) -> Path:
        return self._trees / template

    def _is_made(self, template: Template, digest: str) -> bool:
        mark = self.tree(template.name) / ".git" / _MADE
        return self.repository(template.name).is_dir() and mark.exists() and mark.read_text() == digest

    async def _make(self, template: Template, digest: str) -> None:
        work = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=self._repositories))
        try:
            tree, bare = work / "tree", work / "bare.git"
            await asyncio.to_thread(copy_files, template.folder, tree)
            await self._run("init", "-q", "-b", "main", "--template=", cwd=tree)
            await self._run("add", "-A", cwd=tree)
            await self._run("commit", "-q", "-m", f"{beginning.SUBJECT} {template.title}", cwd=tree)
            await self._run("repack", "-a", "-d", "-q", cwd=tree)
            await self._run("clone", "-q", "--bare", "--no-hardlinks", "--template=", str(tree), str(bare), cwd=work)
            await asyncio.to_thread(self._finish, template.name, tree, bare, digest)
        finally:
            await asyncio.to_thread(shutil.rmtree, work, ignore_errors=True)

    async def _run(self, *arguments: str, cwd: Path) -> None:
        settings = {"protocol.file.allow": "always", "core.sharedRepository": "0644"}
        await self._git.run(*arguments, cwd=cwd, settings=settings, environment=beginning.IDENTITY)

    def _finish(self, name: str, tree: Path, bare: Path, digest: str) -> None:
        with (tree / ".git" / "config").open("a") as config:
            config.write(_CONFIG + _BRANCH)
        head = (bare / "packed-refs").read_text().splitlines()[-1].split()[0]
        tracking = tree / ".git" / "refs" / "remotes" / "origin" / "main"
        tracking.parent.mkdir(parents=True, exist_ok=True)
        tracking.write_text(f"{head}\n")
        (tree / ".git" / _MADE).write_text(digest)
        open_to_all(tree)
        for fresh, place in ((bare, self.repository(name)), (tree, self.tree(name))):
            if place.exists():
                os.rename(place, fresh.parent / f"old-{fresh.name}")
            shutil.move(fresh, place)


def _make_folder(folder: Path, mode: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(mode)


def files_of(folder: Path) -> list[Path]:
    """The files of a template, sorted; neither its description nor what was left by trying it out."""
    found = []
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and parts[0] != DESCRIPTION and not {"node_modules", "__pycache__", ".venv"} & set(parts):
            found.append(path)
    return found


def digest_of(folder: Path) -> str:
    sha = hashlib.sha256()
    for path in files_of(folder):
        sha.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
        sha.update(path.read_bytes())
    return sha.hexdigest()


def copy_files(source: Path, target: Path) -> None:
    for path in files_of(source):
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def open_to_all(folder: Path) -> None:
    """Readable for the users that sandboxes run as, whatever the umask was."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
