"""Archives of pages, as builds pack them, and as somebody hostile would: nothing lies or leads outside the folder."""

import hashlib
import io
import os
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firefly.builds.pages.archive import LONGEST_PATH
from firefly.builds.pages.unpacking import Bounds, unpack
from firefly.errors import Conflict, TimedOut, TooLarge
from tests.bridge.test_building import tar

BOUNDS = Bounds(entries=50, size=100_000, seconds=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pages").mkdir()
    return tmp_path / "pages"


def put(archive: bytes, folder: Path, *, bounds: Bounds = BOUNDS, digest: str | None = None) -> int:
    stored = folder.with_name("stored")
    stored.write_bytes(zstandard.compress(archive))
    named = digest or f"sha256:{hashlib.sha256(archive).hexdigest()}"
    return unpack(stored, folder, digest=named, bounds=bounds, ending=threading.Event())


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def entry(name: str, kind: bytes = tarfile.REGTYPE, *, target: str = "", size: int = 0, mode: int = 0o644) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mode = kind, target, size, mode
    return info.tobuf(tarfile.GNU_FORMAT)


def packed(name: str, text: str) -> bytes:
    return entry(name, size=len(text)) + text.encode() + bytes(-len(text) % 512)


END = bytes(1024)


def test_files_folders_and_links_below_are_there(folder: Path) -> None:
    long = "a" * 120 + "/" + "b" * 120 + ".html"
    links = {
        "also.html": "index.html", "deep/up.html": "../index.html", "latest": "v2", "newest": "latest",
        "dangling": "nowhere", "round": ".", "a": "b", "b": "a",
    }  # fmt: skip
    named = {"index.html": "home", "v2/page.html": "two", "late/r": "x", long: "l"}
    archive = b"".join([
        entry("v2", tarfile.DIRTYPE), *(packed(name, text) for name, text in named.items()),
        *(entry(name, tarfile.SYMTYPE, target=target) for name, target in links.items()), END,
    ])  # fmt: skip
    taken = put(archive, folder)
    assert files(folder) == {
        "index.html": "home", "also.html": "home", "deep/up.html": "home", "v2/page.html": "two", "late/r": "x",
        "latest/page.html": "two", "newest/page.html": "two", long: "l",
    }  # fmt: skip
    assert taken > len("hometwoxl")
    # Nothing of it leads anywhere, can be executed, or is open to others.
    for path in folder.rglob("*"):
        assert not path.is_symlink()
        assert path.stat().st_mode & 0o077 == 0
        assert path.is_dir() or not os.access(path, os.X_OK) or path.stat().st_mode & 0o111 == 0


HOSTILE = {
    "up": entry("../outside"),
    "up within": entry("a/../../outside"),
    "absolute": entry("/etc/passwd"),
    "dot": entry("./a"),
    "double slash": entry("a//b"),
    "nothing": entry(""),
    "link out": entry("a", tarfile.SYMTYPE, target="../outside"),
    "link to root": entry("a", tarfile.SYMTYPE, target="/etc"),
    "through a link": entry("a", tarfile.SYMTYPE, target="/tmp") + entry("a/file"),
    "hard link": entry("a", tarfile.LNKTYPE, target="/etc/passwd"),
    "device": entry("a", tarfile.CHRTYPE),
    "block device": entry("a", tarfile.BLKTYPE),
    "pipe": entry("a", tarfile.FIFOTYPE),
    "sparse": entry("a", tarfile.GNUTYPE_SPARSE),
    "pax": entry("a", tarfile.XHDTYPE),
    "twice": entry("a") + entry("a"),
    "file and folder": entry("a") + entry("a", tarfile.DIRTYPE),
    "file and parent": entry("a") + entry("a/b"),
    "folder and file": entry("a", tarfile.DIRTYPE) + entry("a"),
    "link and file": entry("b") + entry("a") + entry("a", tarfile.SYMTYPE, target="b"),
    "folder with content": entry("a", tarfile.DIRTYPE, size=512) + bytes(512),
    "long name": entry("x" * 300),
    "long path": entry("x/" * (LONGEST_PATH // 2) + "x"),
    "deep": entry("x/" * 201 + "x"),
    "endless name": entry("x", tarfile.GNUTYPE_LONGNAME, size=1 << 40) + bytes(512),
    "name of nothing": entry("x", tarfile.GNUTYPE_LONGNAME, size=512) + b"x" * 512,
    "checksum": b"x" + entry("a")[1:],
    "noise": os.urandom(512),
    "short": entry("a", size=5000) + b"x" * 512,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_no_packing_makes_is_refused(folder: Path, name: str) -> None:
    (folder.with_name("outside")).write_text("untouched")
    with pytest.raises(Conflict):
        put(HOSTILE[name] + (b"" if name == "short" else END), folder)
    assert not [path for path in folder.rglob("*") if path.is_symlink()]
    assert sorted(path.name for path in folder.parent.iterdir()) == ["outside", "pages", "stored"]
    assert folder.with_name("outside").read_text() == "untouched"


def _bomb() -> bytes:
    return b"".join(entry(f"{n}") for n in range(BOUNDS.entries + 1)) + END


def _links() -> bytes:
    made = [entry("d/x"), entry("d/y"), *(entry(f"l{n}", tarfile.SYMTYPE, target="d") for n in range(30))]
    return b"".join(made) + END


@pytest.mark.parametrize(
    "archive",
    [_bomb, _links, lambda: entry("a", size=200_000) + bytes(200_192) + END, lambda: END + bytes(1 << 20)],
    ids=["entries", "links that stand for many", "bytes", "what follows the end"],
)
def test_what_is_too_much_is_refused(folder: Path, archive: Callable[[], bytes]) -> None:
    with pytest.raises(TooLarge):
        put(archive(), folder)


def test_links_that_stand_for_folders_lead_no_deeper_than_names_may(folder: Path) -> None:
    """Python takes away no folders that lie as deep as it may call: they would stay for ever."""
    deep = packed("a/" * 150 + "x", "x") + entry("b/" * 150 + "b", tarfile.SYMTYPE, target="../" * 150 + "a")
    with pytest.raises(Conflict, match="too deep"):
        put(deep + END, folder, bounds=Bounds(entries=1000, size=100_000))


def test_it_is_given_up_when_it_takes_too_long_or_is_something_else(folder: Path) -> None:
    with pytest.raises(TimedOut):
        put(tar(("a", "b")), folder, bounds=Bounds(entries=9, size=9, seconds=-1))
    with pytest.raises(Conflict, match="not what was built"):
        put(tar(("b", "c")), folder, digest="sha256:" + "0" * 64)


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """Entries of any kind, by names that like to meet, cut or changed somewhere."""
    part = st.sampled_from(["a", "b", "..", ".", "", "c" * 101, "\udcff", "a\nb", "ü"])
    names = st.lists(part, min_size=1, max_size=4).map("/".join)
    kinds = st.sampled_from(
        [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, b"L", b"K", b"x", b"9"]
    )
    whole = io.BytesIO()
    for name, kind, target, content in draw(
        st.lists(st.tuples(names, kinds, names, st.binary(max_size=40)), max_size=6)
    ):
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, target, len(content) if kind == tarfile.REGTYPE else 0
        whole.write(info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape"))
        whole.write(content + bytes(-len(content) % 512))
    made = bytearray(whole.getvalue() + END)
    for _ in range(draw(st.integers(0, 2))):
        made[draw(st.integers(0, len(made) - 1))] = draw(st.integers(0, 255))
    return bytes(made[: draw(st.integers(0, len(made)))]) if draw(st.booleans()) else bytes(made)


def everything(folder: Path) -> Iterator[Path]:
    for path, folders, names in os.walk(folder):
        yield from (Path(path, name) for name in (*folders, *names))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(archives())
def test_whatever_it_is_nothing_of_it_lies_or_leads_outside(archive: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        outer = Path(name)
        folder = outer / "pages"
        folder.mkdir()
        with suppress(Conflict, TooLarge):
            put(archive, folder)
        assert {path.name for path in outer.iterdir()} == {"pages", "stored"}
        for path in everything(folder):
            assert not path.is_symlink()
            assert path.is_dir() or path.is_file()
