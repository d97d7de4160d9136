"""Imports: from a stock server, watched and limited; and each way in which one goes wrong."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from firefly.errors import InvalidInput, TimedOut, TooLarge
from firefly.git import AddressPolicy, Git, Importer, Progress, Repositories, SmartHTTP, probe
from firefly.git.progress import parse_progress

from .hosting import answering, application, listening, silent
from .support import commit, git, history


@pytest.fixture
def project() -> UUID:
    return uuid4()


def importer(
    tool: Git, repositories: Repositories, tmp_path: Path, *, allowed: bool = True, **limits: float
) -> Importer:
    return Importer(
        git=tool,
        repositories=repositories,
        policy=AddressPolicy(["127.0.0.1"] if allowed else []),
        keep_out=tmp_path / "data",
        timeout=limits.get("timeout", 20),
        largest=int(limits.get("largest", 1 << 30)),
    )


@pytest.fixture
async def remote(tool: Git, repositories: Repositories, tmp_path: Path) -> AsyncIterator[tuple[str, Path]]:
    """A git server with a history whose default branch is `trunk`, and its working tree."""
    source = history(tmp_path / "source", branch="trunk", commits=3)
    git(source, "tag", "v1")
    git(source, "branch", "feature/a")
    hosted = uuid4()
    git(tmp_path, "clone", "-q", "--mirror", str(source), "mirror.git")
    await repositories.create(hosted, prepared=tmp_path / "mirror.git")
    smart = SmartHTTP(git=tool, repositories=repositories, pushes=None)  # type: ignore[arg-type]
    async with listening(application(smart, hosted)) as url:
        yield f"{url}/a.git", source


async def test_takes_over_branches_tags_and_the_default_branch(
    tool: Git, repositories: Repositories, tmp_path: Path, project: UUID, remote: tuple[str, Path]
) -> None:
    url, source = remote
    await repositories.create(project)
    seen: list[Progress] = []
    branch = await importer(tool, repositories, tmp_path).run(project, url, report=seen.append)

    assert branch == "trunk"
    assert await repositories.default_branch(project) == "trunk"
    assert set(await repositories.refs(project)) == {"refs/heads/trunk", "refs/heads/feature/a", "refs/tags/v1"}
    assert (await repositories.refs(project))["refs/heads/trunk"] == git(source, "rev-parse", "HEAD")
    assert seen[0].step == "find"
    assert any(progress.step == "receive" and progress.percent == 100 for progress in seen)


async def test_follows_a_redirect_to_an_allowed_host(
    tool: Git, repositories: Repositories, tmp_path: Path, project: UUID, remote: tuple[str, Path]
) -> None:
    url, _ = remote
    ask = "/info/refs?service=git-upload-pack"
    async with answering(301, Location=url + ask) as moved:
        await importer(tool, repositories, tmp_path).run(project, f"{moved}/old.git", report=lambda _: None)

    assert "refs/heads/trunk" in await repositories.refs(project)


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/a/info/refs?service=git-upload-pack",
        "http://10.0.0.1/a/info/refs",
        "file:///etc/info/refs",
        "http://127.0.0.1:1/latest/meta-data",
        "http://user:secret@127.0.0.1/a/info/refs",
    ],
)
async def test_does_not_follow_a_redirect_elsewhere(
    tool: Git, repositories: Repositories, tmp_path: Path, project: UUID, location: str
) -> None:
    async with answering(302, Location=location) as url:
        with pytest.raises(InvalidInput) as refused:
            await importer(tool, repositories, tmp_path).run(project, f"{url}/a.git", report=lambda _: None)

    assert refused.value.field == "git_url"
    assert not repositories.path(project).exists()


async def test_redirects_in_circles_end(tool: Git, repositories: Repositories, tmp_path: Path, project: UUID) -> None:
    async with answering(302, Location="/a.git/info/refs?service=git-upload-pack") as url:
        with pytest.raises(InvalidInput, match="circles"):
            await importer(tool, repositories, tmp_path).run(project, f"{url}/a.git", report=lambda _: None)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(401, "password"), (403, "password"), (404, "no repository"), (500, "500"), (200, "no git")],
)
async def test_says_what_is_wrong_with_the_address(
    tool: Git, repositories: Repositories, tmp_path: Path, project: UUID, status: int, sentence: str
) -> None:
    async with answering(status) as url:
        with pytest.raises(InvalidInput, match=sentence):
            async with asyncio.timeout(30):
                await importer(tool, repositories, tmp_path).run(project, f"{url}/a.git", report=lambda _: None)


async def test_a_host_that_is_silent_is_given_up(
    tool: Git, repositories: Repositories, tmp_path: Path, project: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "_LIMIT", 0.2)
    async with silent() as url:
        with pytest.raises(TimedOut, match="does not answer"):
            await importer(tool, repositories, tmp_path).run(project, f"{url}/a.git", report=lambda _: None)


async def test_a_host_that_refuses_is_said(
    tool: Git, repositories: Repositories, tmp_path: Path, project: UUID
) -> None:
    with pytest.raises(InvalidInput, match="cannot be reached"):
        await importer(tool, repositories, tmp_path).run(project, "http://127.0.0.1:9/a.git", report=lambda _: None)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/a.git", "https://localhost:5432/a", "ssh://git@[::1]/a", "git@127.0.0.1:a"]
)
async def test_this_machine_is_refused_unless_the_settings_list_it(
    tool: Git, repositories: Repositories, tmp_path: Path, project: UUID, url: str
) -> None:
    with pytest.raises(InvalidInput, match="this machine"):
        await importer(tool, repositories, tmp_path, allowed=False).run(project, url, report=lambda _: None)


async def test_plain_http_is_for_listed_addresses_only(
    tool: Git, repositories: Repositories, tmp_path: Path, project: UUID, remote: tuple[str, Path]
) -> None:
    with pytest.raises(InvalidInput):
        await importer(tool, repositories, tmp_path, allowed=False).run(project, remote[0], report=lambda _: None)


async def test_files_are_for_those_who_may(
    tool: Git, repositories: Repositories, tmp_path: Path, project: UUID
) -> None:
    source = history(tmp_path / "source")
    subject = importer(tool, repositories, tmp_path)
    with pytest.raises(InvalidInput, match="administrators"):
        await subject.run(project, f"file://{source}", report=lambda _: None)
    branch = await subject.run(project, f"file://{source}", report=lambda _: None, allow_file=True)

    assert branch == "main"


@pytest.mark.parametrize("path", ["data/workspaces/1/tree", "source/../data/workspaces/1/tree", "link"])
async def test_fireflys_own_data_is_no_source(
    tool: Git, repositories: Repositories, tmp_path: Path, project: UUID, path: str
) -> None:
    history(tmp_path / "data/workspaces/1/tree")
    (tmp_path / "source").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data/workspaces/1/tree")
    with pytest.raises(InvalidInput, match="own data"):
        await importer(tool, repositories, tmp_path).run(
            project, f"file://{tmp_path}/{path}", report=lambda _: None, allow_file=True
        )


@pytest.mark.parametrize("missing", ["nothing-here", "empty"])
async def test_a_folder_that_is_no_repository_is_said(
    tool: Git, repositories: Repositories, tmp_path: Path, project: UUID, missing: str
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match="no repository"):
        await importer(tool, repositories, tmp_path).run(
            project, f"file://{tmp_path}/{missing}", report=lambda _: None, allow_file=True
        )


async def test_what_is_too_large_is_refused_and_leaves_the_old_one(
    tool: Git, repositories: Repositories, tmp_path: Path, project: UUID, remote: tuple[str, Path]
) -> None:
    await repositories.create(project)
    with pytest.raises(TooLarge):
        await importer(tool, repositories, tmp_path, largest=100).run(project, remote[0], report=lambda _: None)

    assert await repositories.refs(project) == {}
    assert list((tmp_path / "repositories" / "incoming").iterdir()) == []


async def test_cancelling_ends_it_and_leaves_the_old_one(
    tool: Git, repositories: Repositories, tmp_path: Path, project: UUID
) -> None:
    await repositories.create(project)
    begun = asyncio.Event()
    async with silent() as url:
        subject = importer(tool, repositories, tmp_path)
        task = asyncio.create_task(subject.run(project, f"{url}/a.git", report=lambda _: begun.set()))
        await asyncio.wait_for(begun.wait(), 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert await repositories.refs(project) == {}
    assert list((tmp_path / "repositories" / "incoming").iterdir()) == []


async def test_an_import_that_takes_too_long_is_ended(
    tool: Git, repositories: Repositories, tmp_path: Path, project: UUID
) -> None:
    async with silent() as url:
        with pytest.raises(TimedOut, match="longer than"):
            await importer(tool, repositories, tmp_path, timeout=0.2).run(project, f"{url}/a", report=lambda _: None)


async def test_a_symbolic_link_out_of_the_tree_is_only_text_in_history(
    tool: Git, repositories: Repositories, tmp_path: Path, project: UUID
) -> None:
    source = history(tmp_path / "source")
    (source / "passwd").symlink_to("/etc/passwd")
    commit(source, message="Point elsewhere")
    await importer(tool, repositories, tmp_path).run(
        project, f"file://{source}", report=lambda _: None, allow_file=True
    )

    assert git(repositories.path(project), "cat-file", "blob", "HEAD:passwd") == "/etc/passwd"


@pytest.mark.parametrize(
    ("line", "progress"),
    [
        ("Receiving objects:  45% (9/20), 1.20 MiB | 2.00 MiB/s", ("Receiving (9/20), 1.20 MiB | 2.00 MiB/s", 45)),
        ("remote: Counting objects: 100% (20/20), done.", ("Counting (20/20), done", 100)),
        ("remote: Enumerating objects: 20, done.", ("Enumerating 20, done", None)),
        ("Resolving deltas: 100% (3/3)\x1b[31m", ("Resolving (3/3)[31m", 100)),
    ],
)
def test_progress_is_read_and_made_safe(line: str, progress: tuple[str, int | None]) -> None:
    found = parse_progress(line)

    assert found is not None
    assert (found.detail, found.percent) == progress


@pytest.mark.parametrize("line", ["", "fatal: no", "From https://example.org", "remote: hello"])
def test_other_lines_are_no_progress(line: str) -> None:
    assert parse_progress(line) is None
