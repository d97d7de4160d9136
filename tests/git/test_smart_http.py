"""Stock git against SmartHTTP: clone, fetch, push; what is recorded, and what the pusher is told."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from firefly.errors import DatabaseUnavailable, InvalidInput, NotFound, Unavailable
from firefly.git import GitFailed, Pushes, PushRecorded, RefChange, Service, beginning
from firefly.git.pktline import FLUSH, packet
from firefly.git.pushes import PendingPush
from firefly.git.receiving import ReportReader
from tests.support.waiting import eventually

from .conftest import Hosted
from .hosting import application, listening
from .support import client, commit, environment, git, history


@pytest.fixture
async def url(hosted: Hosted) -> AsyncIterator[str]:
    async with listening(application(hosted.smart_http, hosted.project_id, hosted.account_id)) as base:
        yield f"{base}/a.git"


async def clone(tmp_path: Path, url: str, name: str = "copy") -> Path:
    status, said = await client(tmp_path, "clone", "-q", url, name)
    assert status == 0, said
    return tmp_path / name


async def pushed(copy: Path, *arguments: str) -> str:
    status, said = await client(copy, "push", "origin", *(arguments or ("HEAD:main",)))
    assert status == 0, said
    return said


async def test_clone_commit_push_fetch(hosted: Hosted, url: str, tmp_path: Path) -> None:
    copy = await clone(tmp_path, url)
    head = commit(copy)
    await pushed(copy)
    other = await clone(tmp_path, url, "other")

    assert git(other, "rev-parse", "HEAD") == head
    second = commit(copy, "b.txt")
    await pushed(copy)
    assert (await client(other, "pull", "-q"))[0] == 0
    assert git(other, "rev-parse", "HEAD") == second


@pytest.mark.parametrize("version", ["0", "1", "2"])
async def test_every_version_of_the_protocol(hosted: Hosted, url: str, tmp_path: Path, version: str) -> None:
    copy = await clone(tmp_path, url)
    commit(copy)
    status, said = await client(copy, "-c", f"protocol.version={version}", "push", "-q", "origin", "HEAD:main")
    assert status == 0, said
    status, said = await client(tmp_path, "-c", f"protocol.version={version}", "clone", "-q", url, "other")
    assert status == 0, said

    assert (tmp_path / "other" / "README.md").exists()


async def test_a_push_is_recorded_before_git_ends(hosted: Hosted, url: str, tmp_path: Path) -> None:
    copy = await clone(tmp_path, url)
    head = commit(copy)
    await pushed(copy)
    (row,) = await hosted.rows()

    assert (row["state"], row["via"], row["pusher_id"]) == ("recorded", "http", hosted.account_id)
    assert row["changes"] == [{"ref": "refs/heads/main", "old": "0" * 40, "new": head}]
    assert [event.kind for event in hosted.bus.published] == ["push.recorded"]
    assert hosted.listener.pushes[0].changes[0].new == head


async def test_the_pusher_is_told_about_the_workspace(hosted: Hosted, url: str, tmp_path: Path) -> None:
    hosted.listener.lines = ["It has changes of its own: ä.txt", "Commit them first."]
    copy = await clone(tmp_path, url)
    commit(copy)
    said = await pushed(copy)

    assert "remote: It has changes of its own: ä.txt" in said
    assert "remote: Commit them first." in said


async def test_several_refs_at_once_tags_and_deleting(hosted: Hosted, url: str, tmp_path: Path) -> None:
    copy = await clone(tmp_path, url)
    commit(copy)
    git(copy, "tag", "v1")
    await pushed(copy, "HEAD:main", "HEAD:side", "v1")
    assert set(await hosted.repositories.refs(hosted.project_id)) == {
        "refs/heads/main",
        "refs/heads/side",
        "refs/tags/v1",
    }
    await pushed(copy, ":side")

    assert "refs/heads/side" not in await hosted.repositories.refs(hosted.project_id)
    assert (await hosted.rows())[-1]["changes"][0]["new"] == "0" * 40


async def test_only_what_git_accepted_is_recorded(hosted: Hosted, url: str, tmp_path: Path) -> None:
    copy = await clone(tmp_path, url)
    commit(copy)
    await pushed(copy)
    status, said = await client(copy, "push", "origin", "HEAD:other", ":main")

    assert status != 0
    assert "refs/heads/main" in await hosted.repositories.refs(hosted.project_id), said
    assert [change["ref"] for change in (await hosted.rows())[-1]["changes"]] == ["refs/heads/other"]


async def test_a_refused_push_is_recorded_as_such_and_nobody_is_told(hosted: Hosted, url: str, tmp_path: Path) -> None:
    copy = await clone(tmp_path, url)
    commit(copy)
    status, said = await client(copy, "push", "origin", "HEAD:refs/firefly/x/main")

    assert status != 0, said
    assert [row["state"] for row in await hosted.rows()] == ["refused"]
    assert hosted.listener.pushes == []


async def test_hidden_refs_are_shown_to_nobody(hosted: Hosted, url: str, tmp_path: Path) -> None:
    copy = await clone(tmp_path, url)
    commit(copy)
    await pushed(copy)
    head = git(copy, "rev-parse", "HEAD")
    git(hosted.repositories.path(hosted.project_id), "update-ref", "refs/firefly/w/main", head)
    _, said = await client(tmp_path, "ls-remote", url)

    assert "refs/heads/main" in said
    assert "firefly" not in said


async def test_a_push_without_fast_forward_is_refused_by_the_client_and_taken_when_forced(
    hosted: Hosted, url: str, tmp_path: Path
) -> None:
    copy = await clone(tmp_path, url)
    commit(copy)
    await pushed(copy)
    git(copy, "commit", "--amend", "-q", "-m", "Another")
    assert (await client(copy, "push", "origin", "HEAD:main"))[0] != 0
    await pushed(copy, "+HEAD:main")

    assert (await hosted.repositories.refs(hosted.project_id))["refs/heads/main"] == git(copy, "rev-parse", "HEAD")


async def test_a_large_push_streams(hosted: Hosted, url: str, tmp_path: Path) -> None:
    copy = await clone(tmp_path, url)
    (copy / "noise.bin").write_bytes(os.urandom(6 << 20))
    head = commit(copy)
    status, said = await client(copy, "-c", "http.postBuffer=65536", "push", "origin", "HEAD:main")

    assert status == 0, said
    assert (await hosted.rows())[-1]["changes"][0]["new"] == head


async def test_without_the_database_nothing_is_taken(
    hosted: Hosted, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = await clone(tmp_path, url)
    commit(copy)

    async def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("The database is away.")

    monkeypatch.setattr(hosted.pushes, "begin", away)
    status, _ = await client(copy, "push", "origin", "HEAD:main")

    assert status != 0
    assert await hosted.repositories.refs(hosted.project_id) == {}


async def test_a_database_that_goes_away_meanwhile_is_told_and_made_good(
    hosted: Hosted, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = await clone(tmp_path, url)
    head = commit(copy)

    async def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("The database is away.")

    with monkeypatch.context() as patch:
        patch.setattr(hosted.pushes, "_settle", away)
        assert "database is away" in await pushed(copy)
    assert [row["state"] for row in await hosted.rows()] == ["pending"]
    recorded = await hosted.pushes.reconcile()

    assert [push.changes[0].new for push in recorded] == [head]
    assert [row["state"] for row in await hosted.rows()] == ["recorded"]
    assert await hosted.pushes.reconcile() == []


async def test_a_push_that_never_reached_git_is_settled_as_refused(hosted: Hosted) -> None:
    change = RefChange("refs/heads/main", "0" * 40, "1" * 40)
    await hosted.pushes.begin(hosted.project_id, pusher_id=None, via="http", changes=[change])
    assert await hosted.pushes.reconcile() == []
    assert [row["state"] for row in await hosted.rows()] == ["pending"]
    later = Pushes(database=hosted.database, bus=hosted.bus, repositories=hosted.repositories)
    await later.reconcile()

    assert [row["state"] for row in await hosted.rows()] == ["refused"]


async def test_a_repository_that_cannot_be_read_does_not_keep_the_others_waiting(hosted: Hosted) -> None:
    """Settling happens before the server serves."""
    change = RefChange("refs/heads/main", "0" * 40, "1" * 40)
    broken = uuid4()
    async with hosted.database.connection() as connection:
        await connection.execute(
            "insert into projects (id, owner_id, name) values ($1, $2, 'broken')", broken, hosted.account_id
        )
    (await hosted.repositories.create(broken) / "HEAD").write_text("nonsense")
    for project_id in (broken, hosted.project_id):
        await hosted.pushes.begin(project_id, pusher_id=None, via="http", changes=[change])
    later = Pushes(database=hosted.database, bus=hosted.bus, repositories=hosted.repositories)
    assert await later.reconcile() == []
    assert {row["project_id"]: row["state"] for row in await hosted.rows()} == {
        broken: "pending",
        hosted.project_id: "refused",
    }


async def test_a_pusher_who_goes_away_leaves_no_git_and_no_pending_push(
    hosted: Hosted, url: str, tmp_path: Path
) -> None:
    copy = await clone(tmp_path, url)
    (copy / "noise.bin").write_bytes(os.urandom(20 << 20))
    commit(copy)
    process = await asyncio.create_subprocess_exec(
        *("git", "-c", "http.postBuffer=65536", "push", "-q", "origin", "HEAD:main"),
        cwd=copy,
        env=environment(),
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    await eventually(hosted.rows)
    os.killpg(process.pid, 9)
    await process.wait()

    async def settled() -> bool:
        return all(row["state"] != "pending" for row in await hosted.rows())

    assert await eventually(settled)


async def test_closing_the_answer_early_ends_git(hosted: Hosted) -> None:
    listening_for_more = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield packet(f"{'0' * 40} {'1' * 40} refs/heads/x\0 report-status".encode()) + FLUSH + b"PACK"
        listening_for_more.set()
        await asyncio.Event().wait()

    stream = hosted.smart_http.serve(hosted.project_id, Service.RECEIVE_PACK, endless())
    task = asyncio.create_task(anext(stream))
    await asyncio.wait_for(listening_for_more.wait(), 30)
    task.cancel()
    await asyncio.wait([task], timeout=30)
    await stream.aclose()

    assert task.cancelled()
    assert [row["state"] for row in await hosted.rows()] == ["refused"]


async def test_an_unknown_project_is_not_found(hosted: Hosted) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        yield FLUSH

    for stream in (
        hosted.smart_http.advertise(uuid4(), Service.UPLOAD_PACK),
        hosted.smart_http.serve(uuid4(), Service.RECEIVE_PACK, nothing()),
    ):
        async with aclosing(stream):
            with pytest.raises(NotFound):
                await anext(stream)


@pytest.mark.parametrize("body", [b"", b"0", b"hello, is this git?", b"GET / HTTP/1.1\r\n", packet(b"x" * 100)])
async def test_a_body_that_is_no_push_is_refused_at_once(hosted: Hosted, body: bytes) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield body

    async with aclosing(hosted.smart_http.serve(hosted.project_id, Service.RECEIVE_PACK, pieces())) as stream:
        with pytest.raises(InvalidInput):
            await anext(stream)
    assert await hosted.rows() == []


async def test_damaged_objects_are_refused(hosted: Hosted, url: str, tmp_path: Path) -> None:
    copy = history(tmp_path / "copy")
    git(copy, "remote", "add", "origin", url)
    blob = bytes.fromhex(git(copy, "rev-parse", "HEAD:file0.txt"))
    (tmp_path / "tree").write_bytes(b"100644 .git\0" + blob)
    tree = git(copy, "hash-object", "-t", "tree", "-w", "--literally", str(tmp_path / "tree"))
    evil = git(copy, "commit-tree", tree, "-m", "A folder named .git")
    status, said = await client(copy, "push", "origin", f"{evil}:refs/heads/main")

    assert status != 0, said
    assert await hosted.repositories.refs(hosted.project_id) == {}


async def test_a_listener_that_fails_does_not_spoil_the_push(
    hosted: Hosted, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = await clone(tmp_path, url)
    commit(copy)

    async def away(push: PushRecorded) -> list[str]:
        raise DatabaseUnavailable("The database is away.")

    monkeypatch.setattr(hosted.listener, "pushed", away)
    assert "the workspace was not updated: The database is away." in await pushed(copy)
    assert [row["state"] for row in await hosted.rows()] == ["recorded"]


async def test_a_pusher_who_goes_away_at_the_end_does_not_keep_the_workspace_from_following(
    hosted: Hosted, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = await clone(tmp_path, url)
    commit(copy)
    settle, reached, go_on = hosted.pushes._settle, asyncio.Event(), asyncio.Event()

    async def slow(push: PendingPush, accepted: list[RefChange]) -> PushRecorded | None:
        reached.set()
        await go_on.wait()
        return await settle(push, accepted)

    whole, left = hosted.smart_http._settle_whole, asyncio.Event()

    async def watched(push: PendingPush, report: ReportReader) -> Sequence[str]:
        try:
            return await whole(push, report)
        except asyncio.CancelledError:
            left.set()
            raise

    monkeypatch.setattr(hosted.smart_http, "_settle_whole", watched)
    monkeypatch.setattr(hosted.pushes, "_settle", slow)
    pushing = await asyncio.create_subprocess_exec(
        "git", "push", "-q", "origin", "HEAD:main", cwd=copy, env=environment(), stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    await reached.wait()
    # With its helper, which is the one that holds the connection.
    os.killpg(pushing.pid, signal.SIGKILL)
    await pushing.wait()
    await left.wait()
    go_on.set()

    await eventually(lambda: len(hosted.listener.pushes) == 1)
    assert [row["state"] for row in await hosted.rows()] == ["recorded"]


async def test_a_repository_that_cannot_tell_leaves_the_push_pending_and_no_longer_under_way(
    hosted: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = RefChange("refs/heads/main", "0" * 40, "1" * 40)
    push = await hosted.pushes.begin(hosted.project_id, pusher_id=None, via="http", changes=[change])

    async def damaged(project_id: UUID) -> dict[str, str]:
        raise GitFailed(128, "fatal: damaged")

    with monkeypatch.context() as patched:
        patched.setattr(hosted.repositories, "refs", damaged)
        with pytest.raises(Unavailable):
            await hosted.pushes.settle(push, None)
    assert [row["state"] for row in await hosted.rows()] == ["pending"]
    assert await hosted.pushes.reconcile() == []
    assert [row["state"] for row in await hosted.rows()] == ["refused"]


async def begun_from_a_template(hosted: Hosted, folder: Path) -> str:
    made = history(folder, commits=0)
    (made / "index.html").write_text("<p>a template's")
    git(made, "add", "-A")
    git(made, "commit", "-q", "-m", f"{beginning.SUBJECT} Page", **beginning.IDENTITY)
    git(hosted.repositories.path(hosted.project_id), "fetch", "-q", str(made), "main:main")
    return git(made, "rev-parse", "HEAD")


async def test_the_first_push_takes_the_place_of_the_templates_commit(hosted: Hosted, url: str, tmp_path: Path) -> None:
    begun = await begun_from_a_template(hosted, tmp_path / "template")
    own = history(tmp_path / "own")
    status, said = await client(own, "push", url, "HEAD:main")
    assert status == 0, said
    assert beginning.REPLACED in said
    head = git(own, "rev-parse", "HEAD")
    assert await hosted.repositories.refs(hosted.project_id) == {"refs/heads/main": head}
    assert (await hosted.rows())[-1]["changes"] == [{"ref": "refs/heads/main", "old": begun, "new": head}]

    other = history(tmp_path / "other", commits=0)
    commit(other, text="another's\n")
    assert (await client(other, "push", url, "HEAD:main"))[0] != 0


async def test_a_push_that_goes_on_from_the_templates_commit_replaces_nothing(
    hosted: Hosted, url: str, tmp_path: Path
) -> None:
    await begun_from_a_template(hosted, tmp_path / "template")
    copy = await clone(tmp_path, url)
    head = commit(copy)
    assert beginning.REPLACED not in await pushed(copy)
    assert (await hosted.repositories.refs(hosted.project_id))["refs/heads/main"] == head


async def test_where_something_was_edited_a_first_push_needs_force(hosted: Hosted, url: str, tmp_path: Path) -> None:
    begun = await begun_from_a_template(hosted, tmp_path / "template")
    git(hosted.repositories.path(hosted.project_id), "update-ref", "refs/firefly/w/main", begun)
    own = history(tmp_path / "own")

    assert (await client(own, "push", url, "HEAD:main"))[0] != 0
    assert (await client(own, "push", "--force", url, "HEAD:main"))[0] == 0
