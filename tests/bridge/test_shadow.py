"""Checkpoints of a workspace, made by a bridge of this process, in a hosted repository of stock git."""

import os
import tarfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firefly.bridge.environment import Environment
from firefly.bridge.shadow import copies, flusher, pace
from firefly.bridge.shadow.checkpoint import message, read, reference
from firefly.bridge.shadow.copies import Copies
from firefly.bridge.shadow.store import Head, ShadowStore
from firefly.errors import Conflict, Unavailable
from firefly.protocol.workspace import InitializeParams
from tests.bridge.conftest import CONFIGURATION, Running, git
from tests.bridge.gateway import COPY, gateway
from tests.support.waiting import eventually

REF = "refs/firefly/w1/main"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bridge that has just been started has nothing better to do."""
    monkeypatch.setattr(pace, "FIRST", 0.0)
    monkeypatch.setattr(pace, "QUIET", 0.1)
    monkeypatch.setattr(copies, "SETTLE", 0.1)


@pytest.fixture
async def hosted(environment: Environment, bare: Path) -> AsyncIterator[Path]:
    async with gateway(environment.gateway, bare):
        yield bare


@pytest.fixture
async def edited(hosted: Path, house: Running) -> Running:
    """A filled workspace whose bridge makes checkpoints."""
    folder = house.environment.templates / "static"
    folder.mkdir()
    (folder / "index.html").write_text("<h1>one")
    (folder / ".gitignore").write_text("secret\n")
    await house.client.initialize(InitializeParams(template="static"))
    await house.client.configure(CONFIGURATION)
    await eventually(is_flushed(house))
    return house


def is_flushed(house: Running):  # type: ignore[no-untyped-def]
    async def check() -> bool:
        status = await house.client.shadow()
        return status.flushed and status.flushed_at is not None

    return check


def shown(bare: Path, path: str, ref: str = REF) -> str:
    try:
        return git(bare, "show", f"{ref}:{path}")
    except Exception as error:
        raise AssertionError(str(error)) from error


def refs(bare: Path) -> list[str]:
    return git(bare, "for-each-ref", "--format=%(refname)", "refs/firefly").split()


async def test_an_edit_is_soon_in_the_hosted_repository_and_nothing_of_the_users_was_touched(
    edited: Running, hosted: Path
) -> None:
    assert refs(hosted) == [], "what the hosted repository has anyhow needs no checkpoint"
    before = {name: (edited.tree / ".git" / name).read_bytes() for name in ("index", "HEAD", "config", "logs/HEAD")}
    (edited.tree / "index.html").write_text("<h1>two")
    (edited.tree / "new folder").mkdir()
    (edited.tree / "new folder" / ":(glob)*").write_text("odd")

    assert await eventually(lambda: shown(hosted, "index.html") == "<h1>two")
    assert shown(hosted, "new folder/:(glob)*") == "odd"
    after = {name: (edited.tree / ".git" / name).read_bytes() for name in before}
    assert after == before
    assert git(edited.tree, "for-each-ref", "--format=%(refname)").split() == [
        "refs/heads/main",
        "refs/remotes/origin/main",
    ]
    (edited.tree / "new folder" / ":(glob)*").unlink()
    (edited.tree / "new folder").rmdir()
    assert await eventually(lambda: "glob" not in git(hosted, "ls-tree", "-r", "--name-only", REF))
    assert int(git(hosted, "rev-list", "--count", "--first-parent", REF)) == 3, "two checkpoints on the first commit"


async def test_asked_to_it_saves_at_once_and_says_so(edited: Running, hosted: Path) -> None:
    (edited.tree / "index.html").write_text("<h1>now")
    status = await edited.client.flush()

    assert (status.flushed, status.error, status.commit) == (True, "", git(hosted, "rev-parse", REF))
    assert shown(hosted, "index.html") == "<h1>now"

    async def is_known() -> bool:
        return not (await edited.client.health()).unflushed

    await eventually(is_known)


async def test_a_commit_in_a_terminal_is_kept_with_its_history(edited: Running, hosted: Path) -> None:
    (edited.tree / "work").write_text("mine")
    git(edited.tree, "add", "work")
    git(edited.tree, "commit", "-q", "-m", "Mine")
    mine = git(edited.tree, "rev-parse", "HEAD")

    assert await eventually(lambda: f"Head: {mine}" in git(hosted, "show", "-s", "--format=%B", *refs(hosted)[-1:]))
    assert git(hosted, "cat-file", "-t", mine) == "commit"
    git(edited.tree, "checkout", "-q", "-b", "a/topic")
    assert await eventually(lambda: len(refs(hosted)) == 2)
    assert refs(hosted)[0] == "refs/firefly/w1/a%2Ftopic"


async def test_files_are_kept_byte_for_byte_whatever_the_project_configures(
    edited: Running, hosted: Path, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    touch = f"touch {ran}; cat"
    for key, value in {
        "core.fsmonitor": touch, "core.autocrlf": "input", "filter.x.clean": touch, "filter.x.smudge": touch,
        "diff.x.textconv": touch, "core.hooksPath": str(tmp_path), "core.sshCommand": touch, "gpg.program": touch,
        "commit.gpgSign": "true", "core.editor": touch, "url.ext::sh.insteadOf": "firefly::", "core.pager": touch,
    }.items():  # fmt: skip
        git(edited.tree, "config", key, value)
    for name in ("pre-commit", "pre-push", "post-index-change", "reference-transaction"):
        (tmp_path / name).write_text(f"#!/bin/sh\n{touch}\n")
        (tmp_path / name).chmod(0o755)
    (edited.tree / ".gitattributes").write_text("* text=auto filter=x diff=x ident\n")
    (edited.tree / "dos.txt").write_bytes(b"one\r\ntwo $Id$\r\n")
    (edited.tree / "link").symlink_to("/etc/passwd")
    os.chmod(edited.tree / "index.html", 0o755)
    status = await edited.client.flush()

    assert (status.flushed, status.error) == (True, "")
    assert git(hosted, "cat-file", "-s", f"{REF}:dos.txt") == "15"
    assert git(hosted, "ls-tree", REF, "link", "index.html").split()[0::4] == ["100755", "120000"]
    assert shown(hosted, "link") == "/etc/passwd"
    assert not ran.exists()


async def test_what_was_kept_before_it_was_ignored_is_kept_on_and_a_folder_may_take_a_files_place(
    edited: Running, hosted: Path
) -> None:
    (edited.tree / "page").write_text("a file")
    assert await eventually(lambda: shown(hosted, "page") == "a file")
    (edited.tree / ".gitignore").write_text("secret\nindex.html\n")
    (edited.tree / "index.html").write_text("<h1>ignored from now on")
    (edited.tree / "page").unlink()
    (edited.tree / "page").mkdir()
    (edited.tree / "page" / "secret").write_text("ignored")
    (edited.tree / "page" / "text").write_text("where a file was")
    assert await eventually(lambda: shown(hosted, "page/text") == "where a file was")
    assert await eventually(lambda: shown(hosted, "index.html") == "<h1>ignored from now on")
    assert git(hosted, "ls-tree", "-r", "--name-only", REF).split() == [".gitignore", "index.html", "page/text"]


async def test_what_is_too_large_is_named_and_does_not_keep_the_rest(
    edited: Running, hosted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firefly.bridge.shadow.changes.LARGEST", 1000)
    (edited.tree / "film").write_bytes(bytes(2000))
    (edited.tree / "note").write_text("small")
    await eventually(lambda: shown(hosted, "note") == "small")
    status = await edited.client.flush()

    assert [(refused.path, refused.size) for refused in status.refused] == [("film", 2000)]
    assert "film" not in git(hosted, "ls-tree", "--name-only", REF)
    (edited.tree / "film").unlink()
    assert (await edited.client.flush()).refused == []


async def test_while_it_cannot_be_saved_the_bridge_says_why_and_it_is_saved_later(house: Running, bare: Path) -> None:
    async with gateway(house.environment.gateway, bare, refusal="This sandbox is out of date."):
        await house.client.configure(CONFIGURATION)
        (house.tree / "a").write_text("x")

        async def says_why() -> bool:
            return "This sandbox is out of date." in (await house.client.shadow()).error

        await eventually(says_why)
        assert (await house.client.health()).unflushed
        assert "This sandbox is out of date." in (await house.client.flush()).error
    async with gateway(house.environment.gateway, bare):
        status = await house.client.flush()
        assert (status.flushed, status.error, shown(bare, "a")) == (True, "", "x")


async def test_what_was_edited_while_no_bridge_looked_is_found(edited: Running, hosted: Path) -> None:
    await edited.bridge.flusher.close()
    (edited.tree / "index.html").write_text("<h1>unseen")
    again = flusher.Flusher(edited.environment, edited.bridge.flusher._watcher, edited.bridge.flusher._clock,
                            store=(store := ShadowStore(edited.environment)),
                            copies=Copies(edited.environment, store))  # fmt: skip
    again.begin()
    assert await eventually(lambda: shown(hosted, "index.html") == "<h1>unseen")
    await again.close()


async def test_a_checkpoint_of_somebody_else_becomes_its_parent(edited: Running, hosted: Path, tmp_path: Path) -> None:
    (edited.tree / "a").write_text("1")
    await edited.client.flush()
    thinned = git(hosted, "commit-tree", f"{REF}^{{tree}}", "-m", "Thinned")
    git(hosted, "update-ref", REF, thinned)
    (edited.tree / "a").write_text("2")
    status = await edited.client.flush()

    assert (status.error, git(hosted, "rev-parse", f"{REF}^1")) == ("", thinned)


async def test_a_repository_whose_borrowed_objects_are_gone_is_made_anew(edited: Running, hosted: Path) -> None:
    (edited.tree / "a").write_text("1")
    await edited.client.flush()
    await edited.client.execute("rm -rf .git && git init -q && rm -rf ~/.firefly/shadow.git/objects")
    (edited.tree / "a").write_text("2")

    assert await eventually(lambda: shown(hosted, "a") == "2")
    assert shown(hosted, "index.html") == "<h1>one"


async def test_the_end_of_the_bridge_saves_what_is_pending(
    environment: Environment, hosted: Path, edited: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "QUIET", 60.0)
    monkeypatch.setattr(pace, "LONGEST", 60.0)
    (edited.tree / "last").write_text("words")

    async def is_pending() -> bool:
        return (await edited.client.health()).unflushed

    await eventually(is_pending)
    await edited.bridge.flusher.flush_within(30)
    assert shown(hosted, "last") == "words"


async def test_no_edit_waits_longer_than_three_seconds_for_its_turn(edited: Running) -> None:
    made = edited.bridge.flusher
    await made.close()
    # As if something had been edited all the time.
    paced = made._pace
    paced._since, paced._last, paced._not_before = 100.0, 102.9, 0.0
    assert paced._rest() + time.monotonic() <= 103.0


async def test_what_git_ignores_is_copied_but_caches_are_not(edited: Running, hosted: Path) -> None:
    for path in ("secret", "node_modules/a/index.js", "data/rows.db", "data/dist/x", "big/declared/x", "nested/file"):
        (edited.tree / path).parent.mkdir(parents=True, exist_ok=True)
        (edited.tree / path).write_bytes(b"a\0b")
    (edited.tree / "data/link").symlink_to("rows.db")
    (edited.tree / ".gitignore").write_text("secret\nnode_modules\ndata\nbig\n")
    (edited.tree / "firefly.yml").write_text("caches: [big/declared]\n")
    git(edited.tree / "nested", "init", "-q")
    kept = edited.environment.gateway / COPY
    status = await edited.client.flush()

    assert (status.flushed, status.error, status.refused) == (True, "", [])
    with tarfile.open(kept) as tar:
        names = tar.getnames()
    assert [name for name in names if not name.startswith("nested/.git/")] == [
        "data/link", "data/rows.db", "nested/file", "secret",
    ]  # fmt: skip
    assert "nested/.git/HEAD" in names
    first = kept.read_bytes()
    kept.unlink()
    await edited.client.flush()
    assert not kept.exists(), "what has not changed is not sent again"
    (edited.tree / "secret").write_text("other")
    assert await eventually(lambda: kept.exists() and kept.read_bytes() != first)


async def test_what_does_not_fit_in_the_copy_is_named(
    edited: Running, hosted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firefly.bridge.shadow.parcel.MOST_COPIED", 5000)
    (edited.tree / ".gitignore").write_text("secret*\n")
    (edited.tree / "secret-large").write_bytes(bytes(8000))
    (edited.tree / "secret-small").write_bytes(bytes(80))
    status = await edited.client.flush()

    assert [(refused.path, refused.size) for refused in status.refused] == [("secret-large", 8000)]
    assert "`caches` in firefly.yml" in status.refused[0].remedy
    with tarfile.open(edited.environment.gateway / COPY) as tar:
        assert tar.getnames() == ["secret-small"]


async def test_nothing_is_begun_in_a_workspace_that_has_lost_its_files_before_they_are_restored(
    house: Running, bare: Path
) -> None:
    filled = CONFIGURATION.model_copy(update={"filled": True})
    async with gateway(house.environment.gateway, bare, refusal="This project is being moved."):
        assert (await house.client.configure(filled)).lost
        with pytest.raises(Unavailable, match="being moved"):
            await house.client.restore()
        assert os.listdir(house.tree) == []
    async with gateway(house.environment.gateway, bare):
        git(house.tree.parent, "clone", "-q", str(bare), "elsewhere")
        commit(house.tree.parent / "elsewhere")
        restored = await house.client.restore()
        assert (restored.files, restored.checkpoint, (house.tree / "hosted").read_text()) == (1, None, "x")
        with pytest.raises(Conflict):
            await house.client.restore()
        assert not (await house.client.configure(filled)).lost
        (house.tree / "hosted").write_text("y")
        assert (await house.client.flush()).error == ""
    assert shown(bare, "hosted") == "y"


def commit(folder: Path) -> None:
    (folder / "hosted").write_text("x")
    git(folder, "add", "hosted")
    git(folder, "commit", "-q", "-m", "Hosted")
    git(folder, "push", "-q", "origin", "HEAD:main")


@pytest.mark.parametrize("branch", ["main", "feature/a", "x" * 240, "ünï", "a..b", ".a", "a@{b", "a.lock"])
def test_every_branch_has_a_place_that_git_takes(branch: str, tmp_path: Path) -> None:
    name = reference("w1", Head(f"refs/heads/{branch}", None))
    git(tmp_path, "check-ref-format", name)
    assert name.count("/") == 3


def test_what_is_written_is_read_back() -> None:
    head = Head("refs/heads/feature/ä", "a" * 40)
    assert read(message(head)) == head
    assert read("Merge") == Head("HEAD", None)
