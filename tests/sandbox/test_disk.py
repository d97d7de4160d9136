"""Measuring workspaces: what counts, what does not, when it is done, and what is said of too much."""

import os
from pathlib import Path

import pytest

from firefly.sandbox import growth, watching
from firefly.sandbox.disk import DEEPEST, Usage, measure
from firefly.sandbox.watching import Watch
from tests.support.waiting import eventually

MANY = 100_000


def fill(path: Path, size: int) -> None:
    path.write_bytes(os.urandom(size))


def test_everything_counts_once_and_no_link_leads_away(tmp_path: Path) -> None:
    tree, home = tmp_path / "tree", tmp_path / "home"
    (tree / "a" / "b").mkdir(parents=True)
    home.mkdir()
    fill(tree / "a" / "b" / "file", 1 << 20)
    os.link(tree / "a" / "b" / "file", tree / "again")
    fill(home / "other", 1 << 20)
    fill(tmp_path / "elsewhere", 9 << 20)
    (tree / "link").symlink_to(tmp_path)
    found = measure([tree, home], files=MANY)
    assert 2 << 20 <= found.size < (2 << 20) + (1 << 16)
    assert found.files == 6


def test_a_hole_takes_up_nothing(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    assert measure([tmp_path], files=MANY).size < 1 << 20


def test_it_ends_where_there_is_too_much(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "file").touch()
    assert measure([tmp_path], files=20).files == 21
    assert measure([tmp_path], files=MANY).files == 100


def test_what_lies_too_deep_is_too_much(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(DEEPEST + 3):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert measure([tmp_path], files=MANY).files == MANY + 1


class Clock:
    """What a sandbox has used, as a test says."""

    def __init__(self) -> None:
        self.used = 0.0

    def spent(self) -> float:
        return self.used


async def verdict(watch: Watch) -> str:
    """What comes of the measurement that is due now."""
    watch.look()
    assert watch._running is not None
    said = ""

    def over() -> bool:
        nonlocal said
        said = watch.look()
        return watch._running is None

    await eventually(over)
    return said


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "INTERVAL", 0.0)
    monkeypatch.setattr(growth, "LONGEST", 0.0)
    monkeypatch.setattr(watching, "SOON", 0.0)


async def test_it_is_measured_when_something_was_done_and_no_sooner(tmp_path: Path) -> None:
    tree, clock = tmp_path / "tree", Clock()
    tree.mkdir()
    watch = Watch([tree], Usage(1 << 40, 1 << 40), note=tmp_path / "note", spent=clock.spent)
    for clock.used in (0.0, 0.001, 0.9):
        watch.look()
        assert watch._running is None
    clock.used = 1.0
    assert await verdict(watch) == ""
    clock.used = 1.5
    watch.look()
    assert watch._running is None


async def test_it_is_measured_when_the_disk_fills_up(tmp_path: Path) -> None:
    tree, clock = tmp_path / "tree", Clock()
    tree.mkdir()
    watch = Watch([tree], Usage(8 << 20, 1 << 40), note=tmp_path / "note", spent=clock.spent)
    fill(tree / "file", 20 << 20)
    os.sync()
    clock.used = 0.01
    assert "takes up more than 0.00781 GiB" in await verdict(watch)


async def test_who_had_too_much_may_go_in_and_delete_but_not_grow(tmp_path: Path) -> None:
    tree, note, clock = tmp_path / "tree", tmp_path / "note", Clock()
    tree.mkdir()
    fill(tree / "file", 2 << 20)

    def watch() -> Watch:
        clock.used = 0.0
        made = Watch([tree], Usage(1 << 20, 100), note=note, spent=clock.spent)
        clock.used = 2.0
        return made

    assert "takes up more" in await verdict(watch())
    assert await verdict(watch()) == ""
    fill(tree / "more", growth.SLACK + (1 << 20))
    assert "takes up more" in await verdict(watch())
    (tree / "file").unlink()
    (tree / "more").unlink()
    assert await verdict(watch()) == ""
    assert not note.exists()
    for number in range(200):
        (tree / str(number)).touch()
    assert "more than 100 files" in await verdict(watch())
