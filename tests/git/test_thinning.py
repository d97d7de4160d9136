"""Old checkpoints are thinned out; what stays is what it was."""

from datetime import UTC, datetime
from uuid import uuid4

from firefly.git.shadows import prefix
from firefly.git.thinning import DAY, HOUR, Kept, Thinning, thinned
from firefly.testing.clock import ManualClock

from .conftest import Hosted
from .support import git

NOW = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp())


def made(*ages: int) -> list[Kept]:
    return [Kept(str(age), NOW - age, "", (), "") for age in ages]


def test_all_of_a_day_then_one_an_hour_then_one_a_day_then_none() -> None:
    ages = [0, 5, 10, 2 * DAY, 2 * DAY + 5, 2 * DAY + HOUR, 9 * DAY, 9 * DAY + HOUR, 10 * DAY, 40 * DAY]
    kept = [NOW - one.at for one in thinned(made(*ages), NOW)]
    assert kept == [0, 5, 10, 2 * DAY, 2 * DAY + 5, 9 * DAY, 10 * DAY]
    assert len(thinned(made(*range(2 * DAY, 2 * DAY + 10 * HOUR, 60)), NOW)) <= 12
    assert [NOW - one.at for one in thinned(made(90 * DAY), NOW)] == [90 * DAY], "the newest always stays"


async def test_the_branch_holds_what_stays_with_its_times_and_the_users_commits(hosted: Hosted) -> None:
    bare, ref = hosted.repositories.path(hosted.project_id), f"{prefix(uuid4())}main"
    tree = git(bare, "mktree", "--missing")
    mine = git(bare, "commit-tree", tree, "-m", "Mine")
    tip = ""
    for age in (50 * DAY, 9 * DAY, 9 * DAY - 60, 5):
        parents = ["-p", tip] if tip else []
        dates = {"GIT_COMMITTER_DATE": f"@{NOW - age} +0000", "GIT_AUTHOR_NAME": "Firefly",
                 "GIT_AUTHOR_EMAIL": "firefly@localhost"}  # fmt: skip
        message = f"Checkpoint\n\nBranch: refs/heads/main\nHead: {mine}"
        tip = git(bare, "commit-tree", tree, *parents, "-p", mine, "-m", message, **dates)
    git(bare, "update-ref", ref, tip)
    thinning = Thinning(
        git=hosted.tool, repositories=hosted.repositories, maintenance=hosted.maintenance, database=hosted.database,
        clock=ManualClock(datetime.fromtimestamp(NOW, UTC)),
    )  # fmt: skip

    assert await thinning.thin(hosted.project_id) == 2
    times = git(bare, "log", "--first-parent", "--grep=^Checkpoint", "--format=%ct", ref).split()
    assert [NOW - int(time) for time in times] == [5, 9 * DAY - 60]
    assert git(bare, "rev-parse", f"{ref}^2") == mine
    assert await thinning.thin(hosted.project_id) == 0
