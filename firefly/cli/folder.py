"""A folder of this machine as `firefly up` sees it: which files count, their contents, and writing them safely."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec

# Never kept in step, whatever .gitignore says: machines' own, rebuilt from what is kept in step.
ALWAYS_IGNORED = (".git/", "node_modules/", ".venv/", "__pycache__/", ".DS_Store", "*.firefly-part")


def digest_of(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


class Folder:
    """Paths are relative and POSIX. Links are left out: what they point to may be anybody's."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.reload()

    def reload(self) -> None:
        """Read .gitignore anew."""
        file = self.root / ".gitignore"
        lines = file.read_text(errors="replace").splitlines() if file.is_file() else []
        self._ignored = GitIgnoreSpec.from_lines([*lines, *ALWAYS_IGNORED])

    def counts(self, path: str) -> bool:
        """Whether a path takes part; `..` and the like never do, also when the server names them."""
        parts = path.split("/")
        if not path or path.startswith("/") or any(part in {"", ".", ".."} for part in parts) or "\0" in path:
            return False
        # A name that is no text cannot be told to the server.
        if any(0xD800 <= ord(character) < 0xE000 for character in path):
            return False
        return not self._ignored.match_file(path)

    def relative(self, path: str | Path) -> str | None:
        """The path as it takes part, or None."""
        try:
            name = Path(path).relative_to(self.root).as_posix()
        except ValueError:
            return None
        return name if self.counts(name) else None

    def files(self) -> list[str]:
        return sorted(self._walk(self.root))

    def _walk(self, folder: Path) -> Iterator[str]:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = Path(entry.path).relative_to(self.root).as_posix()
                if entry.is_dir(follow_symlinks=False):
                    if not self._ignored.match_file(f"{name}/"):
                        yield from self._walk(Path(entry.path))
                elif entry.is_file(follow_symlinks=False) and self.counts(name):
                    yield name

    def below(self, path: str) -> list[str]:
        """The files at or below a path that was reported as changed."""
        target = self.root / path
        if target.is_dir() and not target.is_symlink():
            return sorted(self._walk(target))
        return [path]

    def read(self, path: str) -> bytes | None:
        """The contents; None for what is no file, or lies behind a link."""
        target = self.root / path
        if not self._is_inside(target) or target.is_symlink() or not target.is_file():
            return None
        return target.read_bytes()

    def write(self, path: str, data: bytes) -> None:
        """Replace in one step, so that an editor or a crash never sees half a file."""
        target = self.root / path
        # Before any folder is made: below a link that would be made elsewhere.
        if not self._is_inside(target):
            raise OSError(f"{path} leads out of {self.root} by a link")
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.is_file() else 0o666 & ~_umask()
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.firefly-part")
        try:
            temporary.write_bytes(data)
            temporary.chmod(mode)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)

    def delete(self, path: str) -> None:
        """Remove the file, and folders that are empty then."""
        target = self.root / path
        if not self._is_inside(target) or (target.is_dir() and not target.is_symlink()):
            return
        target.unlink(missing_ok=True)
        for parent in target.parents:
            if parent == self.root or any(parent.iterdir()):
                return
            parent.rmdir()

    def _is_inside(self, target: Path) -> bool:
        return target.parent.resolve().is_relative_to(self.root)


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current
