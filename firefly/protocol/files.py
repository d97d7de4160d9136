"""Messages of the files service. Paths are relative POSIX paths; "" is the workspace itself."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from firefly.errors import Forbidden
from firefly.protocol.model import Listed, Params, Result


class Kind(StrEnum):
    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


def check_published(path: str) -> None:
    """Raise Forbidden for what a public project does not show to visitors: hidden files hold secrets, and history."""
    if any(part.startswith(".") for part in path.split("/")):
        raise Forbidden("Files whose name begins with a dot are shown to members only.")


class PathParams(Params):
    path: str


class ListParams(Params):
    path: str = ""
    depth: int = Field(default=1, ge=1, le=16)


class WriteParams(Params):
    """Either `text` or `base64`. `version` is the one last read; None means that the file must not exist yet."""

    path: str
    text: str | None = None
    base64: str | None = None
    version: str | None = None
    force: bool = False


class CreateParams(Params):
    path: str
    kind: Literal[Kind.FILE, Kind.FOLDER] = Kind.FILE


class MoveParams(Params):
    """Rename, move and copy; they never overwrite `to`."""

    path: str
    to: str


class RestoreParams(Params):
    undo: str = Field(min_length=1, max_length=64)


class Entry(Result):
    """`size` in bytes; `version` is not part of a listing, since that would mean reading every file."""

    path: str
    name: str
    kind: Kind
    size: int
    modified: datetime
    ignored: bool


class Listing(Result):
    """Folders first, then by name. `truncated`: there are more entries than one answer holds."""

    entries: Listed[Entry]
    truncated: bool = False


class Index(Result):
    """The paths of all files that git does not ignore, at most 20,000."""

    paths: Listed[str]
    truncated: bool


class FileContent(Result):
    """`text` when the file is UTF-8, else `base64`."""

    path: str
    text: str | None = None
    base64: str | None = None
    encoding: Literal["utf-8", "base64"]
    size: int
    version: str


class Written(Result):
    version: str
    size: int


class Created(Result):
    """`version` is None for a folder."""

    path: str
    kind: Kind
    version: str | None = None


class Deleted(Result):
    """`undo` is a token for files.restore, good for an hour."""

    undo: str


class Restored(Result):
    path: str


class ChangeType(StrEnum):
    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"


class Change(Result):
    """`kind` is None when what was there is gone; `version` is left out for large files and large batches."""

    path: str
    change: ChangeType
    kind: Kind | None = None
    version: str | None = None


class FilesChanged(Result):
    """Notification files.changed. `missed`: more happened than could be told; list anew what is shown."""

    changes: list[Change]
    missed: bool = False
