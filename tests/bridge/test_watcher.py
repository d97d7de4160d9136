"""Changes are told in batches, new folders are watched, heavy ones never."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from firefly.bridge.watcher import MOST_BATCHES, Batch, Subscription, Watcher, merge
from firefly.protocol.files import ChangeType

ADDED, MODIFIED, DELETED = ChangeType.ADDED, ChangeType.MODIFIED, ChangeType.DELETED


async def collect(subscription: Subscription, until: Callable[[dict[str, ChangeType]], bool]) -> dict[str, ChangeType]:
    """All changes told so far, once `until` holds for them."""
    seen: dict[str, ChangeType] = {}
    async with asyncio.timeout(30):
        while not until(seen):
            seen.update((await subscription.next()).changes)
    return seen


async def test_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("x")
    async with Watcher(tmp_path).subscribe() as changes:
        (tmp_path / "old").write_text("y")
        (tmp_path / "new").write_text("n")
        seen = await collect(changes, lambda seen: len(seen) == 2)
        assert seen == {"old": MODIFIED, "new": ADDED}
        (tmp_path / "new").unlink()
        assert await collect(changes, lambda seen: "new" in seen) == {"new": DELETED}


async def test_new_folders_are_watched_with_what_they_came_with(tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep/a").write_text("a")
    async with Watcher(tmp_path).subscribe() as changes:
        shutil.move(outside, tmp_path / "moved")
        seen = await collect(changes, lambda seen: "moved/deep/a" in seen)
        assert seen == {"moved": ADDED, "moved/deep": ADDED, "moved/deep/a": ADDED}
        (tmp_path / "moved/deep/a").write_text("b")
        assert await collect(changes, bool) == {"moved/deep/a": MODIFIED}
        (tmp_path / "moved/deep").rename(tmp_path / "deep")
        await collect(changes, lambda seen: "deep/a" in seen)
        (tmp_path / "deep/a").write_text("c")
        assert await collect(changes, bool) == {"deep/a": MODIFIED}


async def test_heavy_folders_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "node_modules/x").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    async with Watcher(tmp_path).subscribe() as changes:
        (tmp_path / "node_modules/x/index.js").write_text("x")
        (tmp_path / ".git/HEAD").write_text("x")
        (tmp_path / "src").mkdir()
        (tmp_path / "src/node_modules").mkdir()
        (tmp_path / "last").write_text("x")
        seen = await collect(changes, lambda seen: "last" in seen)
        assert set(seen) == {"src", "last"}


async def test_subscribers_come_and_go(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path)
    async with watcher.subscribe() as first:
        async with watcher.subscribe() as second:
            (tmp_path / "a").write_text("x")
            assert await collect(first, bool) == await collect(second, bool)
        (tmp_path / "b").write_text("x")
        assert await collect(first, bool) == {"b": ADDED}
    async with watcher.subscribe() as third:
        (tmp_path / "c").write_text("x")
        assert await collect(third, bool) == {"c": ADDED}


@pytest.mark.parametrize(
    ("before", "now", "merged"),
    [
        (None, ADDED, ADDED),
        (ADDED, MODIFIED, ADDED),
        (ADDED, DELETED, None),
        (DELETED, ADDED, MODIFIED),
        (MODIFIED, DELETED, DELETED),
        (MODIFIED, MODIFIED, MODIFIED),
    ],
)
def test_changes_of_one_batch_become_one(before: ChangeType | None, now: ChangeType, merged: ChangeType | None) -> None:
    assert merge(before, now) is merged


async def test_a_slow_subscriber_is_told_that_it_missed_something() -> None:
    subscription = Subscription()
    for number in range(MOST_BATCHES + 5):
        subscription.offer(Batch({str(number): ADDED}))
    batches = [await subscription.next() for _ in range(MOST_BATCHES)]
    assert [batch.missed for batch in batches] == [False] * (MOST_BATCHES - 1) + [True]
    subscription.offer(Batch({"after": ADDED}))
    assert not (await subscription.next()).missed
    subscription.offer(Batch({"x": ADDED}))
    subscription.clear()
    assert subscription.queue.empty()


async def test_more_changes_than_a_batch_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firefly.bridge.watcher.MOST_CHANGES", 5)
    async with Watcher(tmp_path).subscribe() as changes:
        for number in range(20):
            (tmp_path / str(number)).write_text("x")
        seen = [await changes.next()]
        async with asyncio.timeout(30):
            while not seen[-1].missed:
                seen.append(await changes.next())
        assert all(len(batch.changes) <= 5 for batch in seen)


async def test_what_replaced_a_file_and_went_at_once_is_told_as_gone(tmp_path: Path) -> None:
    """As an editor saves, by a rename over the old file, right before somebody deletes it."""
    (tmp_path / "a").write_text("old")
    async with Watcher(tmp_path).subscribe() as changes:
        (tmp_path / "b").write_text("new")
        (tmp_path / "b").rename(tmp_path / "a")
        (tmp_path / "a").unlink()
        (tmp_path / "last").write_text("x")
        seen = await collect(changes, lambda seen: "last" in seen)
        assert seen == {"a": DELETED, "last": ADDED}


async def test_what_was_new_in_a_folder_is_told_under_its_new_name_only(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    async with Watcher(tmp_path).subscribe() as changes:
        (tmp_path / "old/a").write_text("a")
        (tmp_path / "old").rename(tmp_path / "new")
        seen = await collect(changes, lambda seen: "new/a" in seen)
        assert seen == {"old": DELETED, "new": ADDED, "new/a": ADDED}
