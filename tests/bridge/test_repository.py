"""git inside the workspace, by the remote helper and a gateway, with stock git."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firefly.errors import Conflict, NotFound, Unavailable
from firefly.protocol.application import ApplicationKind, State
from firefly.protocol.workspace import InitializeParams
from tests.bridge.conftest import CONFIGURATION, Running, git
from tests.bridge.gateway import gateway
from tests.support.waiting import eventually


@pytest.fixture
async def hosted(house: Running, bare: Path) -> AsyncIterator[Path]:
    """The hosted repository, reachable from the workspace."""
    async with gateway(house.environment.gateway, bare):
        yield bare


@pytest.fixture
def elsewhere(tmp_path: Path, bare: Path) -> Path:
    """A clone with a first commit, pushed."""
    path = tmp_path / "elsewhere"
    path.mkdir()
    git(path, "init", "-q", "--initial-branch=main")
    git(path, "remote", "add", "origin", str(bare))
    commit(path, "index.html", "<p>one")
    return path


def commit(folder: Path, name: str, text: str) -> str:
    """Commit and push; the commit."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "-m", f"Change {name}")
    git(folder, "push", "-q", "-u", "origin", "HEAD")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def template(house: Running) -> str:
    folder = house.environment.templates / "static"
    folder.mkdir()
    (folder / "index.html").write_text("<h1>template")
    (folder / "template.toml").write_text('title = "Static"')
    (folder / ".gitignore").write_text("node_modules\n")
    return "static"


async def test_a_template_becomes_the_first_commit_and_is_published(
    house: Running, hosted: Path, template: str
) -> None:
    done = await house.client.initialize(InitializeParams(template=template, files={"README.md": "# Engine"}))
    assert (done.files, done.prepared) == (3, False)
    assert done.commit == git(hosted, "rev-parse", "main")
    assert git(house.tree, "ls-files").split() == [".gitignore", "README.md", "index.html"]
    assert git(house.tree, "remote", "get-url", "origin") == "firefly::origin"
    assert git(house.tree, "status", "--porcelain") == ""
    with pytest.raises(Conflict):
        await house.client.initialize(InitializeParams(template=template))


async def test_a_prepared_template_keeps_its_history(house: Running, template: str, tmp_path: Path) -> None:
    prepared = tmp_path / "prepared" / template
    prepared.mkdir(parents=True)
    (prepared / "index.html").write_text("<h1>prepared")
    git(prepared, "init", "-q")
    git(prepared, "add", "--all")
    git(prepared, "commit", "-q", "-m", "Start the project")
    object.__setattr__(house.environment, "prepared", prepared.parent)
    done = await house.client.initialize(InitializeParams(template=template))
    assert (done.prepared, done.commit) == (True, git(prepared, "rev-parse", "HEAD"))
    assert git(house.tree, "status", "--porcelain") == ""


async def test_an_unknown_template(house: Running) -> None:
    with pytest.raises(NotFound, match="no template nothing"):
        await house.client.initialize(InitializeParams(template="nothing"))


async def test_create_to_running_preview(house: Running, template: str) -> None:
    await house.client.initialize(InitializeParams(template=template))
    await house.client.configure(CONFIGURATION)
    status = await eventually(house.client.application_status)
    assert status.state in {State.RUNNING, State.STARTING}
    assert (
        git(house.tree, "config", "--file", str(house.environment.home / ".gitconfig"), "user.name") == "Ada Lovelace"
    )


async def test_clone(house: Running, hosted: Path, elsewhere: Path) -> None:
    done = await house.client.initialize(InitializeParams(clone=True))
    assert (done.files, done.commit) == (1, git(elsewhere, "rev-parse", "HEAD"))
    assert git(house.tree, "rev-parse", "--abbrev-ref", "main@{upstream}") == "origin/main"


async def test_clone_of_an_empty_repository(house: Running, hosted: Path) -> None:
    done = await house.client.initialize(InitializeParams(clone=True))
    assert (done.files, done.commit) == (0, None)


async def test_who_begins_on_what_was_made_ready_looks_at_no_file_of_it(
    house: Running, hosted: Path, elsewhere: Path
) -> None:
    first = await house.client.initialize(InitializeParams(clone=True))
    (house.tree / "index.html").write_text("<p>changed by an install")
    await house.client.prepare()
    assert (house.tree / "index.html").read_text() == "<p>one"
    index = house.tree / ".git/index"
    before = index.stat().st_mtime_ns
    again = await house.client.initialize(InitializeParams(clone=True, onto=True))
    assert (again.commit, index.stat().st_mtime_ns) == (first.commit, before)
    # Only once: from then on files may be others.
    (house.tree / "index.html").write_text("<p>mine")
    await house.client.initialize(InitializeParams(clone=True, onto=True))
    assert (house.tree / "index.html").read_text() == "<p>one"


async def test_who_begins_on_what_was_made_ready_gets_what_was_pushed_since(
    house: Running, hosted: Path, elsewhere: Path
) -> None:
    await house.client.initialize(InitializeParams(clone=True))
    await house.client.prepare()
    pushed = commit(elsewhere, "index.html", "<p>two")
    git(elsewhere, "push", "-q", "origin", "HEAD:refs/heads/other", "HEAD:refs/tags/v1")
    done = await house.client.initialize(InitializeParams(clone=True, onto=True))
    assert (done.commit, (house.tree / "index.html").read_text()) == (pushed, "<p>two")
    assert git(house.tree, "rev-parse", "origin/other", "v1").split() == [pushed, pushed]


async def test_a_push_updates_a_clean_workspace(house: Running, hosted: Path, elsewhere: Path) -> None:
    await house.client.initialize(InitializeParams(clone=True))
    (house.tree / "untracked").write_text("mine")
    target = commit(elsewhere, "src/new.txt", "new")
    pulled = await house.client.pull("refs/heads/main")
    assert (pulled.updated, pulled.commit) == (True, target)
    assert (house.tree / "src/new.txt").read_text() == "new"
    assert (house.tree / "untracked").read_text() == "mine"
    again = await house.client.pull("refs/heads/main")
    assert (again.updated, again.reason) == (False, "The workspace has that commit already.")


async def test_changes_that_are_not_committed_are_left_alone(house: Running, hosted: Path, elsewhere: Path) -> None:
    await house.client.initialize(InitializeParams(clone=True))
    (house.tree / "index.html").write_text("<p>mine")
    commit(elsewhere, "index.html", "<p>theirs")
    pulled = await house.client.pull("refs/heads/main")
    assert (pulled.updated, "not committed: index.html" in pulled.reason) == (False, True)
    assert (house.tree / "index.html").read_text() == "<p>mine"


async def test_an_untracked_file_in_the_way_is_left_alone(house: Running, hosted: Path, elsewhere: Path) -> None:
    await house.client.initialize(InitializeParams(clone=True))
    (house.tree / "new.txt").write_text("mine")
    commit(elsewhere, "new.txt", "theirs")
    pulled = await house.client.pull("refs/heads/main")
    assert (pulled.updated, "stays as it is" in pulled.reason) == (False, True)
    assert (house.tree / "new.txt").read_text() == "mine"


async def test_a_forced_push_is_followed_when_the_workspace_has_no_commits_of_its_own(
    house: Running, hosted: Path, elsewhere: Path
) -> None:
    await house.client.initialize(InitializeParams(clone=True))
    (house.tree / "untracked").write_text("mine")
    git(elsewhere, "checkout", "-q", "--orphan", "other")
    git(elsewhere, "rm", "-q", "-r", "--cached", ".")
    (elsewhere / "index.html").unlink()
    (elsewhere / "app.py").write_text("print(1)")
    git(elsewhere, "add", "--all")
    git(elsewhere, "commit", "-q", "-m", "Another history")
    git(elsewhere, "push", "-q", "--force", "origin", "other:main")
    pulled = await house.client.pull("refs/heads/main")
    assert (pulled.updated, pulled.commit) == (True, git(elsewhere, "rev-parse", "HEAD"))
    assert (git(house.tree, "ls-files"), (house.tree / "index.html").exists()) == ("app.py", False)
    assert (house.tree / "untracked").read_text() == "mine"


async def test_a_forced_push_leaves_changes_that_are_not_committed(
    house: Running, hosted: Path, elsewhere: Path
) -> None:
    await house.client.initialize(InitializeParams(clone=True))
    (house.tree / "index.html").write_text("<p>mine")
    (elsewhere / "index.html").write_text("<p>amended")
    git(elsewhere, "commit", "-q", "-a", "--amend", "-m", "Amended")
    git(elsewhere, "push", "-q", "--force", "origin", "HEAD")
    pulled = await house.client.pull("refs/heads/main")
    assert (pulled.updated, "not committed: index.html" in pulled.reason) == (False, True)
    assert (house.tree / "index.html").read_text() == "<p>mine"


async def test_own_commits_and_other_branches_are_left_alone(house: Running, hosted: Path, elsewhere: Path) -> None:
    await house.client.initialize(InitializeParams(clone=True))
    (house.tree / "own").write_text("x")
    git(house.tree, "add", "own")
    git(house.tree, "commit", "-q", "-m", "Own")
    assert "ahead" in (await house.client.pull("refs/heads/main")).reason
    commit(elsewhere, "new.txt", "theirs")
    assert "commits that main does not have" in (await house.client.pull("refs/heads/main")).reason
    git(house.tree, "checkout", "-q", "-b", "topic")
    assert "on the branch topic, not on main" in (await house.client.pull("refs/heads/main")).reason


async def test_an_empty_workspace_follows_the_first_push(house: Running, hosted: Path, elsewhere: Path) -> None:
    await house.client.configure(CONFIGURATION)
    pulled = await house.client.pull("refs/heads/main")
    assert pulled.updated
    assert (house.tree / "index.html").read_text() == "<p>one"


async def test_hooks_of_the_workspace_do_not_run_when_the_bridge_works(
    house: Running, hosted: Path, elsewhere: Path
) -> None:
    await house.client.initialize(InitializeParams(clone=True))
    ran = house.tree.parent / "ran"
    for name in ("post-merge", "post-checkout", "reference-transaction"):
        hook = house.tree / ".git/hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {ran}\n")
        hook.chmod(0o755)
    commit(elsewhere, "new.txt", "x")
    assert (await house.client.pull("refs/heads/main")).updated
    assert not ran.exists()


async def test_large_pushes_and_fetches_from_a_terminal(house: Running, hosted: Path, tmp_path: Path) -> None:
    await house.client.initialize(InitializeParams(clone=True))
    await house.client.execute(
        "head -c 5000000 /dev/urandom > big; git add big; git -c user.name=a -c user.email=a@b commit -qm b"
    )
    pushed = await house.client.execute("git push -q origin HEAD")
    assert (pushed.exit_code, pushed.stderr) == (0, "")
    assert git(hosted, "rev-parse", "main") == git(house.tree, "rev-parse", "HEAD")
    cloned = await house.client.execute(
        f"git clone -q firefly::origin {tmp_path}/clone && cmp big {tmp_path}/clone/big"
    )
    assert (cloned.exit_code, cloned.stderr) == (0, "")


async def test_a_gateway_that_refuses_or_is_away_is_told_in_its_words(house: Running, bare: Path) -> None:
    await house.client.configure(CONFIGURATION)
    with pytest.raises(Unavailable, match="cannot be reached"):
        await house.client.pull("refs/heads/main")
    async with gateway(house.environment.gateway, bare, refusal="This project is being moved."):
        refused = await house.client.execute("git fetch")
        assert refused.exit_code != 0
        assert "This project is being moved." in refused.stderr


async def test_a_repository_that_the_project_broke_does_not_stop_the_bridge(house: Running) -> None:
    (house.tree / ".git").write_text("gitdir: /nowhere")
    await house.client.configure(CONFIGURATION)
    assert [entry.name for entry in (await house.client.list_folder()).entries] == []
    assert (await house.client.write_file("a", b"x", version=None)).size == 1


async def test_what_was_configured_before_it_was_filled_never_shows_the_empty_page(
    house: Running, template: str
) -> None:
    await house.client.configure(CONFIGURATION)

    async def shows_that_it_is_empty() -> bool:
        status = await house.client.application_status()
        return status.state is not State.STARTING and status.kind is ApplicationKind.NONE

    await eventually(shows_that_it_is_empty)
    await house.client.initialize(InitializeParams(template=template, files={"index.html": "<p>filled"}))
    status = await house.client.application_status()
    assert status.state is State.STARTING or status.kind is ApplicationKind.STATIC
