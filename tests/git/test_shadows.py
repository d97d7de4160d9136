"""Shadow branches as a sandbox reaches them: its own, forwards only, by the newest epoch, and nobody else."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from firefly.errors import InvalidInput, NotFound
from firefly.git import Checkpoints, Shadows
from firefly.git.shadows import BYTES_A_SECOND, prefix
from firefly.resources import PACKAGE
from tests.support.waiting import eventually

from .conftest import Hosted, gateway_of
from .hosting import application, listening
from .support import client, commit, git

HELPERS = PACKAGE / "bridge" / "bin"


@dataclass
class Authority:
    """What PostgreSQL says of a workspace, and what it was told."""

    epoch: int = 2
    now: float = 0.0
    flushed: list[UUID] = field(default_factory=list)

    async def epoch_of(self, workspace_id: UUID) -> int:
        return self.epoch

    async def advanced(self, workspace_id: UUID) -> None:
        self.flushed.append(workspace_id)

    def monotonic(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def workspace() -> UUID:
    return uuid4()


@pytest.fixture
async def inside(hosted: Hosted, authority: Authority, workspace: UUID, tmp_path: Path) -> AsyncIterator[Path]:
    """A repository whose way out is the gateway, with a commit."""
    shadows = Shadows(
        git=hosted.tool, maintenance=hosted.maintenance, epoch_of=lambda id: authority.epoch_of(id),
        advanced=authority.advanced,
        monotonic=lambda: authority.monotonic(),
    )  # fmt: skip
    gateway = gateway_of(hosted, tmp_path, shadows=shadows)
    await gateway.listen(workspace, tmp_path)
    folder = tmp_path / "workspace"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder)
    yield folder
    await gateway.close()


async def push(inside: Path, *refspecs: str, epoch: int = 2) -> tuple[int, str]:
    return await client(inside, "push", "-q", "firefly::shadow", *refspecs, **way(inside, epoch=epoch))


def way(inside: Path, *, epoch: int = 2) -> dict[str, str]:
    path = f"{HELPERS}:{os.environ['PATH']}"
    return {"PATH": path, "FIREFLY_GATEWAY": str(inside.parent), "FIREFLY_EPOCH": str(epoch)}


async def test_a_checkpoint_is_kept_and_is_no_push_of_the_project(
    hosted: Hosted, inside: Path, workspace: UUID, authority: Authority
) -> None:
    status, said = await push(inside, f"HEAD:{prefix(workspace)}main")

    assert status == 0, said
    assert await hosted.repositories.refs(hosted.project_id) == {
        f"{prefix(workspace)}main": git(inside, "rev-parse", "HEAD")
    }
    assert (await hosted.rows(), hosted.listener.pushes, authority.flushed) == ([], [], [workspace])


async def test_checkpoints_are_listed_newest_first_and_read(hosted: Hosted, inside: Path, workspace: UUID) -> None:
    made = []
    for number in (1, 2):
        (inside / "naïve name").write_text(f"{number}\n")
        git(inside, "add", "-A")
        message = "Checkpoint\n\nBranch: refs/heads/main\nHead: none"
        git(inside, "commit", "-q", "--author", "Firefly <firefly@localhost>", "-m", message)
        made.append(git(inside, "rev-parse", "HEAD"))
    await push(inside, f"HEAD:{prefix(workspace)}main")
    checkpoints = Checkpoints(git=hosted.tool, repositories=hosted.repositories)

    found = await checkpoints.list(hosted.project_id, workspace)
    assert [(one.id, one.branch, one.paths) for one in found] == [(id, "main", ["naïve name"]) for id in made[::-1]]
    assert [(one.added, one.removed) for one in found] == [(1, 1), (1, 0)]
    assert len(await checkpoints.list(hosted.project_id, workspace, skip=1)) == 1
    body = await checkpoints.read(hosted.project_id, workspace, made[0], "naïve name")
    assert b"".join([piece async for piece in body]) == b"1\n"
    assert await checkpoints.list(hosted.project_id, uuid4()) == []
    for other, id, name in (
        (uuid4(), made[0], "README.md"),
        (workspace, made[0], "nothing"),
        (workspace, "1" * 40, ""),
    ):
        with pytest.raises(NotFound):
            await checkpoints.read(hosted.project_id, other, id, name)
    with pytest.raises(InvalidInput):
        await checkpoints.check(hosted.project_id, workspace, "--all")


async def test_an_older_epoch_is_refused_with_a_sentence(hosted: Hosted, inside: Path, workspace: UUID) -> None:
    status, said = await push(inside, f"HEAD:{prefix(workspace)}main", epoch=1)

    assert status != 0
    assert "firefly: This sandbox is out of date (epoch 1, now 2)" in said
    assert await hosted.repositories.refs(hosted.project_id) == {}


async def test_an_epoch_that_ends_while_the_pack_comes_is_refused_too(
    hosted: Hosted, inside: Path, workspace: UUID, authority: Authority
) -> None:
    asked = 0

    async def raised(workspace_id: UUID) -> int:
        nonlocal asked
        asked += 1
        return 2 if asked == 1 else 3

    authority.epoch_of = raised  # type: ignore[method-assign]
    await push(inside, f"HEAD:{prefix(workspace)}main")

    assert asked == 2
    assert await hosted.repositories.refs(hosted.project_id) == {}


async def test_nothing_else_can_be_pushed_there(hosted: Hosted, inside: Path) -> None:
    for ref in ("refs/heads/main", f"{prefix(uuid4())}main", "refs/tags/v1"):
        status, _ = await push(inside, f"HEAD:{ref}")
        assert status != 0
    assert await hosted.repositories.refs(hosted.project_id) == {}


async def test_what_was_kept_is_neither_removed_nor_overwritten(hosted: Hosted, inside: Path, workspace: UUID) -> None:
    ref = f"{prefix(workspace)}main"
    await push(inside, f"HEAD:{ref}")
    before = await hosted.repositories.refs(hosted.project_id)
    git(inside, "commit", "-q", "--amend", "-m", "Another history")

    for refspec in (f"+HEAD:{ref}", f":{ref}"):
        await push(inside, refspec)

        async def is_as_before() -> bool:
            return await hosted.repositories.refs(hosted.project_id) == before

        assert await eventually(is_as_before)


async def test_who_sends_much_waits(inside: Path, workspace: UUID, authority: Authority) -> None:
    (inside / "big").write_bytes(os.urandom(2 << 20))
    commit(inside, "more")
    await push(inside, f"HEAD:{prefix(workspace)}main")
    # The clock of this test goes on by a second with every look, which is more than two MiB have to wait.
    assert BYTES_A_SECOND > 2 << 20
    authority.monotonic = lambda: authority.now  # type: ignore[method-assign]
    commit(inside, "again")

    status, said = await push(inside, f"HEAD:{prefix(workspace)}main")
    assert status != 0
    assert "Checkpoints come too fast" in said


async def test_they_are_listed_for_their_own_workspace_and_for_nobody_else(
    hosted: Hosted, inside: Path, workspace: UUID
) -> None:
    await push(inside, f"HEAD:{prefix(workspace)}main")
    own = await client(inside, "ls-remote", "firefly::shadow", **way(inside))
    terminal = await client(inside, "ls-remote", "firefly::origin", **way(inside))
    async with listening(application(hosted.smart_http, hosted.project_id)) as url:
        member = await client(inside, "ls-remote", f"{url}/a.git")
        await client(inside.parent, "clone", "-q", "--mirror", f"{url}/a.git", "copy")

    assert f"{prefix(workspace)}main" in own[1]
    assert (terminal, member) == ((0, ""), (0, ""))
    assert git(inside.parent / "copy", "for-each-ref") == ""
