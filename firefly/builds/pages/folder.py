"""Unpacked pages as they lie on the disk: opened below their folder, and known to be gone when they are."""

import errno
import os
import stat
from pathlib import Path

from firefly.beneath import open_beneath
from firefly.pages import Opened

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# There is no such file, or none that could be one of a site.
_MISSING = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EXDEV, errno.EACCES, errno.ENXIO}


class Evicted(Exception):
    """What was unpacked has made room for others meanwhile."""


class ShelfFolder:
    """Fulfils `Source`: pages as they were unpacked, where there are neither links nor anything that is no file."""

    def __init__(self, path: Path) -> None:
        self._path = path / "files"

    def open(self, path: str) -> Opened | None:
        """Raises Evicted: then nothing follows from what was found, or not."""
        try:
            root = os.open(self._path, _FOLDER)
        except FileNotFoundError as error:
            raise Evicted from error
        try:
            return _opened(open_beneath(root, path.removeprefix("/"), _FILE))
        except ValueError:
            # A name that cannot be one on this machine.
            return None
        except OSError as error:
            if error.errno not in _MISSING:
                raise
            self._check(root)
            return None
        finally:
            os.close(root)

    def _check(self, root: int) -> None:
        try:
            now = os.stat(self._path, follow_symlinks=False)
        except FileNotFoundError as error:
            raise Evicted from error
        if not os.path.samestat(now, os.fstat(root)):
            raise Evicted


def _opened(descriptor: int) -> Opened | None:
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            return None
    except BaseException:
        os.close(descriptor)
        raise
    version = f"{status.st_size:x}-{int(status.st_mtime):x}"
    return Opened(os.fdopen(descriptor, "rb", buffering=0), status.st_size, version)
