"""Archives: what leads out of the project, bombs, and what no file system should have to hold."""

import gzip
import io
import posixpath
import stat
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firefly.errors import InvalidInput
from firefly.projects.archive_check import Refused, check, check_link, split
from firefly.projects.archives import look_over

Content = Mapping[str, bytes]


def make_zip(path: Path, content: Content) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            info = zipfile.ZipInfo("x")
            info.filename = name
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return path


def make_tar(path: Path, *members: tuple[tarfile.TarInfo, bytes], packed: bool = True) -> Path:
    with tarfile.open(path, "w:gz" if packed else "w") as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def zip_link(path: Path, name: str, target: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.create_system = 3
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, target)
        archive.writestr("index.html", "hi")
    return path


def test_a_plain_zip_passes(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"site/": b"", "site/index.html": b"<h1>hi</h1>", "site/größe.txt": b"x"})

    summary = check(path)
    assert (summary.kind, summary.entries, summary.size) == ("zip", 3, 12)


@pytest.mark.parametrize("packed", [True, False])
def test_a_plain_tar_passes(tmp_path: Path, packed: bool) -> None:
    members = [
        (member("./", tarfile.DIRTYPE), b""),
        (member("./src", tarfile.DIRTYPE), b""),
        (member("./src/a.py"), b"print()"),
        (member("./b", tarfile.SYMTYPE, "src/a.py"), b""),
    ]
    summary = check(make_tar(tmp_path / "a.tar", *members, packed=packed))

    assert (summary.kind, summary.entries, summary.size) == ("tar.gz" if packed else "tar", 4, 7)


ESCAPES = [
    "../x",
    "a/../../x",
    "a/../b",
    "/etc/passwd",
    "//etc/passwd",
    "C:/x",
    "c:x",
    "a\\b",
    "..\\x",
    "a\nb",
    "a\x7fb",
    "a\x1b[31m",
    ".git/config",
    "a/.git/hooks/post-checkout",
    ".GIT/config",
    ".git./config",
    ".git /config",
    "git~1/config",
    ".g\u200cit/config",
    ".git::$INDEX_ALLOCATION/x",
    "/".join(["d"] * 70),
    "n" * 300,
]


@pytest.mark.parametrize("name", [*ESCAPES, "a\x00b"])
def test_refuses_such_a_name_in_a_zip(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused):
        check(make_zip(tmp_path / "a.zip", {"index.html": b"hi", name: b"evil"}))


@pytest.mark.parametrize("name", ESCAPES)
def test_refuses_such_a_name_in_a_tar(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused):
        check(make_tar(tmp_path / "a.tgz", (member("index.html"), b"hi"), (member(name), b"evil")))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Readme.md", "README.md"),
        ("src/a", "SRC/b"),
        ("straße", "STRASSE"),
        ("caf\u00e9", "cafe\u0301"),
        ("a", "a"),
        ("a", "a/b"),
        ("a/b", "a"),
        ("A/b", "a"),
    ],
)
def test_refuses_names_that_cannot_stand_side_by_side(tmp_path: Path, first: str, second: str) -> None:
    with pytest.raises(Refused):
        check(make_tar(tmp_path / "a.tgz", (member(first), b"1"), (member(second), b"2")))


LINKS_OUT = [
    ("x", "/etc/passwd"),
    ("x", "../x"),
    ("a/b", "../../x"),
    ("a/b", "c/../../../x"),
    ("x", "y/.."),
    ("x", ""),
    ("x", "a\\b"),
    ("x", ".git/config"),
    ("a/b", "../.git/hooks"),
    ("x", "y" * 2000),
]


@pytest.mark.parametrize(("name", "target"), LINKS_OUT)
def test_refuses_links_that_lead_out(tmp_path: Path, name: str, target: str) -> None:
    with pytest.raises(Refused):
        check(make_tar(tmp_path / "a.tgz", (member("f"), b"1"), (member(name, tarfile.SYMTYPE, target), b"")))
    with pytest.raises(Refused):
        check(zip_link(tmp_path / "a.zip", name, target))


@pytest.mark.parametrize(
    ("name", "target"), [("x", "y"), ("a/b", "../c"), ("a/b/c", "../../d/e"), ("x", "./y"), ("x", ".")]
)
def test_links_may_stay_inside(tmp_path: Path, name: str, target: str) -> None:
    assert check(zip_link(tmp_path / "a.zip", name, target)).entries == 2


def test_refuses_a_path_through_a_link(tmp_path: Path) -> None:
    through = [(member("a", tarfile.SYMTYPE, "b"), b""), (member("a/x"), b"1")]
    for members in (through, through[::-1]):
        with pytest.raises(Refused, match="both"):
            check(make_tar(tmp_path / "a.tgz", *members))


@pytest.mark.parametrize(
    "kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.LNKTYPE, tarfile.CONTTYPE]
)
def test_refuses_devices_pipes_and_hard_links(tmp_path: Path, kind: bytes) -> None:
    special = make_tar(tmp_path / "a.tgz", (member("f"), b"1"), (member("x", kind, "f"), b""))
    if kind == tarfile.CONTTYPE:
        assert check(special).entries == 2
        return
    with pytest.raises(Refused, match=r"neither|hard link"):
        check(special)


def test_refuses_devices_in_a_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("x")
        info.external_attr = (stat.S_IFCHR | 0o666) << 16
        archive.writestr(info, b"")
    with pytest.raises(Refused, match="neither"):
        check(tmp_path / "a.zip")


def test_refuses_a_bomb_in_a_zip(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"zeros": bytes(32 << 20)})

    with pytest.raises(Refused, match="100 times"):
        check(path)
    with pytest.raises(Refused, match="larger than 4 MiB"):
        check(path, total=4 << 20)


def test_refuses_a_bomb_in_a_tar(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tgz", (member("zeros"), bytes(32 << 20)))

    with pytest.raises(Refused, match="100 times"):
        check(path)


def test_refuses_a_gzip_bomb_that_is_no_tar(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.tgz", "wb") as file:
        for _ in range(80):
            file.write(bytes(1 << 20))
    with pytest.raises(Refused):
        check(tmp_path / "a.tgz", total=1 << 20)


def test_small_even_files_are_no_bomb(tmp_path: Path) -> None:
    assert check(make_zip(tmp_path / "a.zip", {"zeros": bytes(4 << 20)})).size == 4 << 20


def test_refuses_too_many_entries(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="more than 10 entries"):
        check(make_zip(tmp_path / "a.zip", {f"f{number}": b"" for number in range(11)}), entries=10)


def test_refuses_a_password(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a": b"1"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(Refused, match="password"):
        check(path)


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"PK\x03\x04 no", b"\x1f\x8b no", b"hello", b"7z\xbc\xaf", bytes(1024)]
)
def test_refuses_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(Refused):
        check(path)


def test_refuses_an_archive_without_files(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no files"):
        check(make_tar(tmp_path / "a.tgz", (member("a", tarfile.DIRTYPE), b"")))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_damaged_archive_is_refused_or_still_fine(tmp_path: Path, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["zip", "tgz"]))
    content = {"index.html": b"<h1>hi</h1>" * 20, "src/a.js": b"x"}
    path = tmp_path / f"a.{kind}"
    if kind == "zip":
        make_zip(path, content)
    else:
        make_tar(path, *((member(name), text) for name, text in content.items()))
    whole = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=8)):
        whole[place] = data.draw(st.integers(0, 255))
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        found: object = check(path).entries
    except Refused as refused:
        found = str(refused)
    assert found


@given(st.text(max_size=60))
def test_whatever_passes_as_a_path_stays_below(path: str) -> None:
    try:
        parts = split(path)
    except Refused:
        return
    joined = posixpath.normpath(posixpath.join("/work/tree", *parts))
    assert joined == "/work/tree" or joined.startswith("/work/tree/")
    assert all(part not in ("", ".", "..") and "/" not in part for part in parts)


@given(
    st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4),
    st.lists(st.sampled_from(["a", "b", "..", ".", ""]), min_size=1, max_size=6).map("/".join),
)
def test_whatever_passes_as_a_link_points_below(parts: list[str], target: str) -> None:
    try:
        check_link(parts, target)
    except Refused:
        return
    assert not target.startswith("/")
    landed = posixpath.normpath(posixpath.join("/work/tree", *parts[:-1], target))
    assert landed == "/work/tree" or landed.startswith("/work/tree/")


async def test_the_process_of_its_own_says_the_same(tmp_path: Path) -> None:
    good = make_zip(tmp_path / "good.zip", {"index.html": b"hi"})
    assert (await look_over(good)).entries == 1
    with pytest.raises(InvalidInput, match="out of the project") as refused:
        await look_over(make_zip(tmp_path / "bad.zip", {"../x": b"hi"}))
    assert refused.value.field == "archive"
    with pytest.raises(InvalidInput, match="more than 0"):
        await look_over(good, entries=0)
