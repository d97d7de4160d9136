"""The files service: list, read, write with a version check, create, move, copy, delete with undo."""

import asyncio
import base64
import binascii
import os
import shutil
import stat
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from firefly.bridge.annex import Annex
from firefly.bridge.dispatcher import Method
from firefly.bridge.locks import Locks
from firefly.bridge.services.listing import Lister
from firefly.bridge.storage import ANY, Expected, Storage, with_room
from firefly.bridge.system import rename_new
from firefly.bridge.workspace import Workspace, os_errors
from firefly.errors import InvalidInput, NameTaken, NotFound, TooLarge, VersionConflict
from firefly.protocol.files import (
    Created,
    CreateParams,
    Deleted,
    FileContent,
    Index,
    Kind,
    Listing,
    ListParams,
    MoveParams,
    PathParams,
    Restored,
    RestoreParams,
    WriteParams,
    Written,
    check_published,
)
from firefly.protocol.model import Done, Nothing

if TYPE_CHECKING:
    from firefly.bridge.connection import Connection

EDITABLE = 10 << 20
_CONFLICT_TEXT = 1 << 20


class Files:
    """Each method is also what HTTP uses; blocking work is done in threads."""

    def __init__(self, workspace: Workspace, storage: Storage, annex: Annex, lister: Lister) -> None:
        self._workspace = workspace
        self._storage = storage
        self._annex = annex
        self._lister = lister
        self.locks = Locks()

    def busy(self) -> Iterable[str]:
        if self.locks.held:
            yield "files are being written"

    def methods(self) -> Sequence[Method[Any]]:
        return (
            Method("files.list", ListParams, self._list, reading=True),
            Method("files.index", Nothing, self._index, reading=True),
            Method("files.read", PathParams, self._read, reading=True),
            Method("files.write", WriteParams, self._write),
            Method("files.create", CreateParams, self._create),
            Method("files.rename", MoveParams, self._rename),
            Method("files.copy", MoveParams, self._copy),
            Method("files.delete", PathParams, self._delete),
            Method("files.restore", RestoreParams, self._restore),
        )

    async def _list(self, _: "Connection", params: ListParams) -> Listing:
        return await self._lister.folder(params.path, depth=params.depth)

    async def _index(self, _: "Connection", __: Nothing) -> Index:
        return await self._lister.index()

    async def _read(self, peer: "Connection", params: PathParams) -> FileContent:
        if peer.member.visits:
            check_published(params.path)
        data, version = await asyncio.to_thread(self._storage.read, params.path, limit=EDITABLE)
        return content(params.path, data, version)

    async def _write(self, _: "Connection", params: WriteParams) -> Written:
        data = _decoded(params)
        expected: Expected = ANY if params.force else params.version
        try:
            return await self.write(params.path, data, expected=expected)
        except VersionConflict as error:
            error.extra = {**error.extra, **await self._present_text(params.path)}
            raise

    async def write(self, path: str, data: bytes, *, expected: Expected) -> Written:
        async with self.locks.holding(path):
            return await asyncio.to_thread(
                with_room, self._annex, lambda: self._storage.write(path, [data], expected=expected)
            )

    async def _present_text(self, path: str) -> dict[str, object]:
        try:
            data, _ = await asyncio.to_thread(self._storage.read, path, limit=_CONFLICT_TEXT)
            return {"text": data.decode()}
        except (UnicodeDecodeError, TooLarge, NotFound):
            return {}

    async def _create(self, _: "Connection", params: CreateParams) -> Created:
        if params.kind is Kind.FOLDER:
            await asyncio.to_thread(self._make_folder, params.path)
            return Created(path=params.path, kind=Kind.FOLDER)
        async with self.locks.holding(params.path):
            written = await asyncio.to_thread(self._make_file, params.path)
        return Created(path=params.path, kind=Kind.FILE, version=written.version)

    def _make_folder(self, path: str) -> None:
        with self._workspace.place(path, create_folders=True) as place, os_errors(path):
            os.mkdir(place.name, dir_fd=place.folder)

    def _make_file(self, path: str) -> Written:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with self._workspace.place(path, create_folders=True) as place, os_errors(path):
            os.close(os.open(place.name, flags, 0o666, dir_fd=place.folder))
            os.fsync(place.folder)
        return Written(version=self._storage.version(path), size=0)

    async def _rename(self, _: "Connection", params: MoveParams) -> Done:
        async with self.locks.holding(params.path, params.to):
            await asyncio.to_thread(self._move, params.path, params.to)
        return Done()

    def _move(self, path: str, to: str) -> None:
        if to.startswith(f"{path}/"):
            raise InvalidInput(f"{path} cannot be moved into itself.", field="to")
        with self._workspace.place(path) as source, self._workspace.place(to, create_folders=True) as target:
            with os_errors(path):
                os.stat(source.name, dir_fd=source.folder, follow_symlinks=False)
            with os_errors(to):
                rename_new(source.folder, source.name, target.folder, target.name)

    async def _copy(self, _: "Connection", params: MoveParams) -> Done:
        async with self.locks.holding(params.path, params.to):
            await asyncio.to_thread(self._duplicate, params.path, params.to)
        return Done()

    def _duplicate(self, path: str, to: str) -> None:
        if to.startswith(f"{path}/"):
            raise InvalidInput(f"{path} cannot be copied into itself.", field="to")
        with self._workspace.place(path) as source, self._workspace.place(to, create_folders=True) as target:
            with os_errors(path):
                status = os.stat(source.name, dir_fd=source.folder, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                # Opened, since its name may lead elsewhere a moment later.
                with self._workspace.folder(path) as opened:
                    _copy_folder(f"/proc/self/fd/{opened}", target.folder, target.name, to)
            else:
                self._copy_file(path, to)

    def _copy_file(self, path: str, to: str) -> None:
        with self._storage.opened(path) as (file, status):
            blocks = iter(lambda: file.read(1 << 20), b"")
            try:
                self._storage.write(to, blocks, expected=None)
            except VersionConflict as error:
                raise NameTaken(f"{to} exists already.", path=to) from error
            if status.st_mode & 0o111:
                descriptor = self._workspace.open(to)
                os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
                os.close(descriptor)

    async def _delete(self, _: "Connection", params: PathParams) -> Deleted:
        return Deleted(undo=await self.delete(params.path, expected=ANY))

    async def delete(self, path: str, *, expected: Expected) -> str:
        async with self.locks.holding(path):
            return await asyncio.to_thread(self._storage.remove, path, expected=expected)

    def is_folder(self, path: str) -> bool:
        """NotFound and RefusedPath as for every path."""
        descriptor = self._workspace.open(path, os.O_PATH)
        try:
            return stat.S_ISDIR(os.fstat(descriptor).st_mode)
        finally:
            os.close(descriptor)

    def exists(self, path: str) -> bool:
        try:
            return self.is_folder(path) or True
        except NotFound:
            return False

    async def _restore(self, _: "Connection", params: RestoreParams) -> Restored:
        return Restored(path=await asyncio.to_thread(self._annex.restore, params.undo))


def content(path: str, data: bytes, version: str) -> FileContent:
    """As text when that loses nothing."""
    try:
        if b"\0" not in data:
            return FileContent(path=path, text=data.decode(), encoding="utf-8", size=len(data), version=version)
    except UnicodeDecodeError:
        pass
    encoded = base64.b64encode(data).decode()
    return FileContent(path=path, base64=encoded, encoding="base64", size=len(data), version=version)


def _decoded(params: WriteParams) -> bytes:
    if (params.text is None) == (params.base64 is None):
        raise InvalidInput("Give either text or base64.", field="text")
    try:
        data = params.text.encode() if params.text is not None else base64.b64decode(params.base64 or "", validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise InvalidInput(f"The contents cannot be decoded: {error}.", field="text") from error
    if len(data) > EDITABLE:
        raise TooLarge(f"{params.path} would have more than {EDITABLE >> 20} MiB. Upload it instead.", field="text")
    return data


def _copy_folder(whole: str, folder: int, name: str, to: str) -> None:
    try:
        with os_errors(to):
            os.mkdir(name, dir_fd=folder)
            shutil.copytree(whole, f"/proc/self/fd/{folder}/{name}", symlinks=True, dirs_exist_ok=True)
    except shutil.Error as error:
        raise InvalidInput(f"Not everything in {to} could be copied: {error.args[0][0][2]}", field="path") from error
