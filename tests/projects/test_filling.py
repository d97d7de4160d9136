"""Projects from a git URL and from an archive: jobs with steps, found again, cancelled, undone."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from firefly.auth import Identity
from firefly.errors import Conflict, InvalidInput, NotFound
from firefly.projects import Archive, Created, CreateProject, Jobs, JobState, Role, UpdateProject, Visibility
from tests.git.hosting import silent
from tests.git.support import git, history
from tests.support.waiting import eventually

from .house import House, ended


@pytest.fixture
async def boss(house: House) -> Identity:
    return await house.person("boss", administrator=True)


def stored_files(house: House) -> list[Path]:
    return list(house.artifacts_folder.glob("??/*"))


async def begin(house: House, who: Identity, url: str, name: str = "garden") -> Created:
    return await house.projects.create(who, CreateProject(name=name, git_url=url))


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, data in files.items():
            archive.writestr(zipfile.ZipInfo(path), data)
    return buffer.getvalue()


async def upload(
    house: House, who: Identity, files: dict[str, bytes], visibility: Visibility = Visibility.MEMBERS
) -> Created:
    async def body() -> AsyncIterator[bytes]:
        yield packed(files)

    stored = await house.artifacts.put(body(), limit=1 << 20)
    archive = Archive(stored.digest, "site.zip")
    return await house.projects.create(who, CreateProject(name="garden", archive=archive, visibility=visibility))


def restarted(house: House) -> None:
    """Jobs as a new process has them, not open yet."""
    house.jobs = Jobs(database=house.database, bus=house.bus, clock=house.clock)
    house.jobs.register("import", ("Find the repository", "Receive its history", "Open the workspace"),
                        house.filling.import_, house.filling.undo)  # fmt: skip
    house.jobs.register("archive", ("Check the archive", "Unpack it"), house.filling.unpack, house.filling.undo,
                        tidy=house.filling.forget)  # fmt: skip


async def test_an_import_brings_history_default_branch_workspace_and_host(
    house: House, boss: Identity, tmp_path: Path
) -> None:
    source = history(tmp_path / "source", branch="trunk", commits=2)
    created = await begin(house, boss, f"file://{source}")
    job = await ended(house, boss, created)

    assert (job.state, job.error, job.kind) == (JobState.SUCCEEDED, None, "import")
    assert [(step.name, step.state) for step in job.steps] == [
        ("Find the repository", JobState.SUCCEEDED),
        ("Receive its history", JobState.SUCCEEDED),
        ("Open the workspace", JobState.SUCCEEDED),
    ]
    project = await house.projects.get(boss, "boss", "garden")
    assert project.default_branch == "trunk"
    assert (await house.repositories.refs(project.id))["refs/heads/trunk"] == git(source, "rev-parse", "HEAD")
    assert project.workspace_id is not None
    assert house.bridge.filled == {project.workspace_id: "clone"}
    assert house.routes.hosts == {"boss/garden": Visibility.MEMBERS}


async def test_progress_is_streamed_to_members_and_starter(house: House, boss: Identity, tmp_path: Path) -> None:
    created = await begin(house, boss, f"file://{history(tmp_path / 'source')}")
    job = await ended(house, boss, created)
    data = house.last_event("job.changed")

    assert data["job_id"] == str(job.id)
    assert data["account_id"] == str(boss.account.id)
    assert data["project_id"] == str(created.project.id)
    assert data["state"] == "succeeded"


@pytest.mark.parametrize(
    "url", ["--upload-pack=touch /tmp/x", "ext::sh -c id", "https://user:secret@example.org/a", "file:///srv/a.git", ""]
)
async def test_a_bad_address_is_refused_before_anything_is_made(house: House, ada: Identity, url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await begin(house, ada, url)

    assert refused.value.field == "git_url"
    assert house.repositories_on_disk() == []
    assert await house.jobs.list(ada) == ()


async def test_a_failed_import_says_why_and_leaves_the_name_free(house: House, boss: Identity, tmp_path: Path) -> None:
    created = await begin(house, boss, f"file://{tmp_path}/missing")
    job = await ended(house, boss, created)

    assert job.state is JobState.FAILED
    assert job.error == "There is no repository at this address."
    assert [step.state for step in job.steps] == [JobState.FAILED, JobState.QUEUED, JobState.QUEUED]
    with pytest.raises(NotFound):
        await house.projects.get(boss, "boss", "garden")
    assert house.repositories_on_disk() == []
    assert house.workspaces.removed == [created.project.workspace_id]
    assert [found.id for found in await house.jobs.list(boss)] == [job.id]
    await begin(house, boss, f"file://{history(tmp_path / 'source')}")


async def test_a_cancelled_import_is_ended_and_leaves_nothing(house: House, ada: Identity) -> None:
    async with silent() as url:
        created = await begin(house, ada, f"{url}/a.git")
        assert created.job is not None
        cancelled = await house.jobs.cancel(ada, created.job.id)

    assert (cancelled.state, cancelled.error) == (JobState.CANCELLED, "It was cancelled.")
    assert house.repositories_on_disk() == []
    with pytest.raises(Conflict, match="ended already"):
        await house.jobs.cancel(ada, created.job.id)


async def test_a_job_is_found_by_its_starter_and_the_members_only(house: House, ada: Identity, bob: Identity) -> None:
    async with silent() as url:
        created = await begin(house, ada, f"{url}/a.git")
        assert created.job is not None
        for job_id in (created.job.id, uuid4()):
            with pytest.raises(NotFound, match="no such job"):
                await house.jobs.get(bob, job_id)
        assert await house.jobs.list(bob, project_id=created.project.id) == ()
        await house.members.put(ada, "ada", "garden", "bob", Role.EDITOR)
        assert (await house.jobs.get(bob, created.job.id)).id == created.job.id
        assert [job.id for job in await house.jobs.list(bob, project_id=created.project.id)] == [created.job.id]
        with pytest.raises(NotFound, match="of yours"):
            await house.jobs.cancel(bob, created.job.id)


async def test_a_job_begins_again_after_a_restart(house: House, boss: Identity, tmp_path: Path) -> None:
    async with silent() as url:
        created = await begin(house, boss, f"{url}/a.git")
        await house.jobs.close()
    assert created.job is not None
    assert not (await house.jobs.get(boss, created.job.id)).state.ended
    async with house.database.connection() as connection:
        await connection.execute(
            "update jobs set input = $1", {"url": f"file://{history(tmp_path / 'source')}", "allow_file": True}
        )
    restarted(house)
    await house.jobs.open()

    assert (await ended(house, boss, created)).state is JobState.SUCCEEDED


async def test_a_workspace_that_does_not_start_fails_the_job(house: House, boss: Identity, tmp_path: Path) -> None:
    house.bridge.fails = "The sandbox did not start."
    job = await ended(house, boss, await begin(house, boss, f"file://{history(tmp_path / 'source')}"))

    assert (job.state, job.error) == (JobState.FAILED, "The sandbox did not start.")
    assert job.steps[-1].state is JobState.FAILED


async def test_an_archive_is_checked_handed_to_the_bridge_and_forgotten(house: House, ada: Identity) -> None:
    created = await upload(house, ada, {"index.html": b"<h1>hi</h1>"})
    job = await ended(house, ada, created)

    assert (job.state, job.error) == (JobState.SUCCEEDED, None)
    assert created.project.workspace_id is not None
    unpacked = zipfile.ZipFile(io.BytesIO(house.bridge.archives[created.project.workspace_id]))
    assert unpacked.read("index.html") == b"<h1>hi</h1>"
    assert house.routes.hosts == {"ada/garden": Visibility.MEMBERS}


@pytest.mark.parametrize(
    ("files", "sentence"),
    [({"../evil": b"x"}, "out of the project"), ({}, "no"), ({"big": bytes(2 << 20)}, "larger than 1 MiB")],
)
async def test_a_bad_archive_never_reaches_the_sandbox(
    house: House, ada: Identity, files: dict[str, bytes], sentence: str
) -> None:
    if "big" in files:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("big", files["big"])

        async def body() -> AsyncIterator[bytes]:
            yield buffer.getvalue()

        stored = await house.artifacts.put(body(), limit=1 << 20)
        wanted = CreateProject(name="garden", archive=Archive(stored.digest, "big.zip"))
        created = await house.projects.create(ada, wanted)
    else:
        created = await upload(house, ada, files)
    job = await ended(house, ada, created)

    assert job.state is JobState.FAILED
    assert sentence in (job.error or "")
    assert house.bridge.archives == {}
    await eventually(lambda: stored_files(house) == [])
    assert house.repositories_on_disk() == []


async def test_the_same_archive_sent_twice_fills_both_projects(
    house: House, ada: Identity, bob: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first must not throw away what the second still needs."""
    waiting, go_on = asyncio.Event(), asyncio.Event()
    initialize = house.bridge.initialize_archive

    async def slow(workspace_id: UUID, **archive: Any) -> None:
        if not waiting.is_set():
            waiting.set()
            await go_on.wait()
        await initialize(workspace_id, **archive)

    files = {"index.html": b"<h1>hi</h1>"}
    monkeypatch.setattr(house.bridge, "initialize_archive", slow)
    first = await upload(house, ada, files)
    await waiting.wait()
    second = await upload(house, bob, files)
    assert (await ended(house, bob, second)).state is JobState.SUCCEEDED
    go_on.set()

    assert (await ended(house, ada, first)).state is JobState.SUCCEEDED
    await eventually(lambda: stored_files(house) == [])


async def test_what_changes_while_a_project_is_filled_still_holds_afterwards(
    house: House, ada: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, go_on = asyncio.Event(), asyncio.Event()
    initialize = house.bridge.initialize_archive

    async def slow(workspace_id: UUID, **archive: Any) -> None:
        waiting.set()
        await go_on.wait()
        await initialize(workspace_id, **archive)

    monkeypatch.setattr(house.bridge, "initialize_archive", slow)
    created = await upload(house, ada, {"index.html": b"x"}, visibility=Visibility.PUBLIC)
    await waiting.wait()
    await house.projects.update(ada, "ada", "garden", UpdateProject(name="park", visibility=Visibility.MEMBERS))
    house.bridge.configured.clear()
    go_on.set()

    assert (await ended(house, ada, created)).state is JobState.SUCCEEDED
    assert house.routes.hosts == {"ada/garden": None, "ada/park": Visibility.MEMBERS}
    assert [facts.name for facts in house.bridge.configured] == ["park"]


async def test_a_project_deleted_while_it_is_filled_is_shown_nowhere(
    house: House, ada: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def slow(workspace_id: UUID, **archive: Any) -> None:
        waiting.set()
        await go_on.wait()

    monkeypatch.setattr(house.bridge, "initialize_archive", slow)
    created = await upload(house, ada, {"index.html": b"x"})
    await waiting.wait()
    await house.projects.delete(ada, "ada", "garden")
    go_on.set()
    await ended(house, ada, created)

    assert house.routes.hosts == {}


async def test_a_job_that_was_begun_fills_a_fresh_workspace_after_a_restart(house: House, ada: Identity) -> None:
    """The first one holds what the bridge, which survives the server, had unpacked: only an empty one can be filled."""
    created = await upload(house, ada, {"index.html": b"<h1>hi</h1>"})
    assert created.job is not None
    assert (await ended(house, ada, created)).state is JobState.SUCCEEDED
    await eventually(lambda: stored_files(house) == [])
    await house.jobs.close()
    await upload_again(house, created.job.id)
    restarted(house)
    await house.jobs.open()

    assert (await ended(house, ada, created)).state is JobState.SUCCEEDED
    project = await house.projects.get(ada, "ada", "garden")
    assert project.workspace_id not in (None, created.project.workspace_id)
    assert house.workspaces.removed == [created.project.workspace_id]
    assert house.routes.shows["ada/garden"] == project.workspace_id
    assert set(house.bridge.archives) == {created.project.workspace_id, project.workspace_id}


async def upload_again(house: House, job_id: UUID) -> None:
    """As if the server had been killed in the middle of the job."""
    async with house.database.connection() as connection:
        await connection.execute("update jobs set state = 'running', finished_at = null where id = $1", job_id)

    async def body() -> AsyncIterator[bytes]:
        yield packed({"index.html": b"<h1>hi</h1>"})

    await house.artifacts.put(body(), limit=1 << 20)
