"""Unpacked pages on the disk: once for all who ask, as many as have room, and known again by the next server."""

import asyncio
import errno
import hashlib
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import zstandard

from firefly.builds.pages import Bounds, Evicted, Shelf, ShelfFolder, unpacking
from firefly.builds.pages import shelf as module
from firefly.errors import Conflict, FireflyError, NotFound, StorageFull, TooLarge
from tests.builds.pages.test_unpacking import END, packed
from tests.support.waiting import eventually

ROOM = 3 << 20


class Archives:
    """Fulfils `Archives`, and counts who asks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sizes: dict[str, int] = {}
        self.asked = 0
        self.failure: Exception | None = None

    def put(self, name: str, size: int = 0) -> str:
        whole = packed("index.html", name) + packed("filling", name[:1] * size) + END
        digest = f"sha256:{hashlib.sha256(whole).hexdigest()}"
        (self._folder / digest).write_bytes(zstandard.compress(whole))
        self._sizes[digest] = len(whole)
        return digest

    @asynccontextmanager
    async def local(self, digest: str) -> AsyncIterator[tuple[Path, int]]:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        path = self._folder / digest
        if not path.exists():
            raise NotFound("There is no such artifact.")
        yield path, self._sizes[digest]

    def damage(self, digest: str) -> None:
        (self._folder / digest).write_bytes(b"nothing")


@pytest.fixture
def archives(tmp_path: Path) -> Archives:
    (tmp_path / "store").mkdir()
    return Archives(tmp_path / "store")


@asynccontextmanager
async def opened(archives: Archives, folder: Path) -> AsyncIterator[Shelf]:
    made = Shelf(folder, archives, room=ROOM)
    await made.open()
    yield made
    await made.close()


def page(folder: ShelfFolder, path: str = "/index.html") -> str | None:
    found = folder.open(path)
    if found is None:
        return None
    with found.file as file:
        return file.read().decode()


async def test_it_is_unpacked_once_however_many_ask_and_leave(archives: Archives, tmp_path: Path) -> None:
    digest = archives.put("one", 100_000)
    async with opened(archives, tmp_path / "pages") as shelf:
        impatient = asyncio.create_task(shelf.get(digest, "ada"))
        await asyncio.sleep(0)
        impatient.cancel()
        found = await asyncio.gather(*(shelf.get(digest, "ada") for _ in range(20)))
        assert {page(folder) for folder in found} == {"one"}
        assert archives.asked == 1
        assert shelf.numbers["pages_unpacked"] == 1
    # The next server knows it, and does not ask; what was begun and left behind is cleared away.
    boot = next((tmp_path / "pages").iterdir())
    (tmp_path / "pages" / "an earlier start").mkdir()
    (boot / "left.new").mkdir()
    os.utime(boot / "left.new", (0, 0))
    async with opened(archives, tmp_path / "pages") as shelf:
        assert page(await shelf.get(digest, "ada")) == "one"
        assert archives.asked == 1
        assert [path.name for path in boot.iterdir()] == [digest.removeprefix("sha256:")]
        assert list((tmp_path / "pages").iterdir()) == [boot]


async def test_what_was_used_longest_ago_makes_room_and_is_read_to_its_end(archives: Archives, tmp_path: Path) -> None:
    one, two, three = (archives.put(name, 1 << 20) for name in ("one", "two", "three"))
    async with opened(archives, tmp_path / "pages") as shelf:
        first, second = await shelf.get(one, "ada"), await shelf.get(two, "ada")
        await shelf.get(one, "ada")
        reading = second.open("/filling")
        assert reading is not None
        await shelf.get(three, "ada")
        assert [shelf.has(digest) for digest in (one, two, three)] == [True, False, True]
        with reading.file as file:
            assert len(file.read()) == 1 << 20
        for path in ("/index.html", "/nothing"):
            with pytest.raises(Evicted):
                second.open(path)
        assert page(first) == "one"
        assert page(await shelf.get(two, "ada")) == "two"
        assert shelf.numbers["pages_bytes"] <= ROOM
        with pytest.raises(TooLarge, match="what all may have"):
            await shelf.get(archives.put("four", ROOM), "ada")
        assert shelf.has(two)


async def test_what_cannot_be_unpacked_leaves_nothing_and_is_not_tried_for_everybody(
    archives: Archives, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = archives.put("one")
    archives.damage(digest)
    async with opened(archives, tmp_path / "pages") as shelf:
        for _ in range(3):
            with pytest.raises(Conflict, match="damaged"):
                await shelf.get(digest, "ada")
        assert archives.asked == 1
        assert not list(next((tmp_path / "pages").iterdir()).iterdir())
        monkeypatch.setattr(module, "PAUSE", 0)
        with pytest.raises(NotFound):
            await shelf.get("sha256:" + "0" * 64, "ada")
        other = archives.put("two")
        archives.damage(other)
        with pytest.raises(Conflict, match="damaged"):
            await shelf.get(other, "ada")
        archives.put("two")
        assert page(await shelf.get(other, "ada")) == "two"


@pytest.mark.parametrize(
    ("failure", "kind", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), StorageFull, "no space left on the server's disk"),
        (OSError(errno.EIO, "Input/output error"), Conflict, "Input/output error"),
        (zstandard.ZstdError("not a frame"), Conflict, "log names it"),
    ],
)
async def test_a_fault_of_the_disk_or_of_the_stored_is_told_and_not_met_by_everybody_anew(
    archives: Archives, tmp_path: Path, failure: Exception, kind: type[FireflyError], told: str
) -> None:
    digest = archives.put("one")
    archives.failure = failure
    async with opened(archives, tmp_path / "pages") as shelf:
        for _ in range(3):
            with pytest.raises(kind, match=told):
                await shelf.get(digest, "ada")
        assert archives.asked == 1


async def test_an_owner_with_much_to_unpack_keeps_no_other_waiting_nor_the_server_from_ending(
    archives: Archives, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adas, bobs = [archives.put(f"ada {number}") for number in range(module.AT_ONCE + 1)], archives.put("bob")
    begun: list[str] = []
    ended: list[bool] = []

    def unpack(archive: Path, folder: Path, *, digest: str, bounds: Bounds, ending: threading.Event) -> int:
        if digest in adas:
            begun.append(digest)
            ended.append(ending.wait(60))
        return unpacking.unpack(archive, folder, digest=digest, bounds=bounds, ending=ending)

    monkeypatch.setattr(module, "unpack", unpack)
    async with opened(archives, tmp_path / "pages") as shelf:
        asking = [asyncio.create_task(shelf.get(digest, "ada")) for digest in adas]
        async with asyncio.timeout(30):
            await eventually(lambda: len(begun) == module.EACH)
            assert page(await shelf.get(bobs, "bob")) == "bob"
    await asyncio.gather(*asking, return_exceptions=True)
    assert ended == [True] * module.EACH
    assert [path.name for path in next((tmp_path / "pages").iterdir()).iterdir()] == [bobs.removeprefix("sha256:")]


async def test_only_files_below_are_opened(archives: Archives, tmp_path: Path) -> None:
    digest = archives.put("one")
    async with opened(archives, tmp_path / "pages") as shelf:
        folder = await shelf.get(digest, "ada")
        (root,) = (tmp_path / "pages").glob("*/*/files")
        # None of which unpacking makes.
        (root / "link").symlink_to("/etc/passwd")
        (root / "folder").mkdir()
        (root / "deep").symlink_to("/etc")
        os.mkfifo(root / "pipe")
        wrong = (
            "/link",
            "/deep/passwd",
            "/folder",
            "/pipe",
            "/../size",
            "/index.html/x",
            "/" + "x" * 300,
            "/\udc80",
            "//etc/passwd",
        )
        assert [page(folder, path) for path in wrong] == [None] * len(wrong)
        assert page(folder) == "one"
