"""The files service over the WebSocket: what an editor does to files."""

import asyncio
import base64
import os

import pytest

from firefly.client.bridge_connection import BridgeConnection, Notification
from firefly.errors import Conflict, Forbidden, InvalidInput, NameTaken, NotFound, TooLarge, VersionConflict
from firefly.protocol.errors import RefusedPath
from firefly.protocol.files import ChangeType, FileContent, FilesChanged, Kind, Written
from firefly.protocol.workspace import Role
from tests.bridge.conftest import Running, git


async def test_listing_shows_folders_first_and_hides_git(house: Running) -> None:
    for name in ("b.txt", "A.txt", ".env"):
        (house.tree / name).write_text("x")
    (house.tree / "zoo").mkdir()
    (house.tree / "zoo/cage").write_text("lion")
    (house.tree / "link").symlink_to("b.txt")
    git(house.tree, "init", "-q")
    (house.tree / ".gitignore").write_text("b.txt\n")
    async with house.connected() as bridge:
        listing = await bridge.list_folder()
        names = [(entry.name, entry.kind, entry.ignored) for entry in listing.entries]
        assert names == [
            ("zoo", Kind.FOLDER, False),
            (".env", Kind.FILE, False),
            (".gitignore", Kind.FILE, False),
            ("A.txt", Kind.FILE, False),
            ("b.txt", Kind.FILE, True),
            ("link", Kind.LINK, False),
        ]
        deep = await bridge.list_folder("", depth=2)
        assert [entry.path for entry in deep.entries if entry.name == "cage"] == ["zoo/cage"]
        assert [(entry.path, entry.size) for entry in (await bridge.list_folder("zoo")).entries] == [("zoo/cage", 4)]


async def test_index_holds_what_git_does_not_ignore(house: Running) -> None:
    (house.tree / "src").mkdir()
    for name in ("src/a.js", "out.log", "b"):
        (house.tree / name).write_text("x")
    (house.tree / "node_modules").mkdir()
    (house.tree / "node_modules/x").write_text("x")
    async with house.connected() as bridge:
        assert (await bridge.index()).paths == ["b", "out.log", "src/a.js"]
        (house.tree / ".gitignore").write_text("*.log\nnode_modules\n")
        git(house.tree, "init", "-q")
        assert (await bridge.index()).paths == [".gitignore", "b", "src/a.js"]


async def test_a_hostile_monitor_does_not_run_at_a_listing(house: Running) -> None:
    git(house.tree, "init", "-q")
    ran = house.tree / "ran"
    git(house.tree, "config", "core.fsmonitor", f"touch {ran}")
    async with house.connected() as bridge:
        await bridge.list_folder()
        await bridge.index()
    assert not ran.exists()


async def test_read_write_and_conflict(house: Running) -> None:
    async with house.connected() as bridge:
        first = await bridge.write("a.txt", "one", version=None)
        read = await bridge.read("a.txt")
        assert (read.text, read.version, read.encoding) == ("one", first.version, "utf-8")
        (house.tree / "a.txt").write_text("theirs")
        with pytest.raises(VersionConflict) as caught:
            await bridge.write("a.txt", "mine", version=first.version)
        assert caught.value.extra["text"] == "theirs"
        again = await bridge.write("a.txt", "mine", version=str(caught.value.extra["version"]))
        assert (house.tree / "a.txt").read_text() == "mine"
        forced = await bridge.write("a.txt", "forced", version="whatever", force=True)
        assert forced.version != again.version


async def test_bytes_that_are_no_text_travel_as_base64(house: Running) -> None:
    data = bytes(range(256))
    async with house.connected() as bridge:
        params = {"path": "b.bin", "base64": base64.b64encode(data).decode(), "version": None}
        written = await bridge.call(Written, "files.write", params)
        read = await bridge.call(FileContent, "files.read", {"path": "b.bin"})
        assert (read.encoding, read.text, read.version) == ("base64", None, written.version)
        assert base64.b64decode(read.base64 or "") == data == (house.tree / "b.bin").read_bytes()


@pytest.mark.parametrize(
    "params",
    [
        {"path": "a"},
        {"path": "a", "text": "x", "base64": "eA=="},
        {"path": "a", "base64": "not base64!"},
        {"path": "a", "text": "\ud800"},
        {"path": "a", "text": "x", "nonsense": 1},
        {"text": "x"},
    ],
)
async def test_writes_that_make_no_sense(house: Running, params: dict[str, object]) -> None:
    async with house.connected() as bridge:
        with pytest.raises(InvalidInput):
            await bridge.call(Written, "files.write", params)
    assert list(house.tree.glob("a")) == []


async def test_files_beyond_the_limit(house: Running) -> None:
    async with house.connected() as bridge:
        limits = (await bridge.hello("test")).limits
        with pytest.raises(TooLarge):
            await bridge.write("a", "x" * (limits.file + 1), version=None)
        with (house.tree / "big").open("wb") as file:
            file.truncate(limits.file + 1)
        with pytest.raises(TooLarge):
            await bridge.read("big")


async def test_create_rename_copy_delete_restore(house: Running) -> None:
    async with house.connected() as bridge:
        created = await bridge.create("src/a.txt")
        assert (created.kind, (house.tree / "src/a.txt").read_text()) == (Kind.FILE, "")
        await bridge.create("docs", folder=True)
        with pytest.raises(NameTaken):
            await bridge.create("docs", folder=True)
        await bridge.write("src/a.txt", "hello", version=created.version)
        os.chmod(house.tree / "src/a.txt", 0o755)
        await bridge.copy("src/a.txt", "docs/b.txt")
        assert (house.tree / "docs/b.txt").stat().st_mode & 0o111
        await bridge.copy("src", "copy/of/src")
        assert (house.tree / "copy/of/src/a.txt").read_text() == "hello"
        await bridge.rename("src/a.txt", "new/place.txt")
        assert not (house.tree / "src/a.txt").exists()
        with pytest.raises(NameTaken):
            await bridge.rename("new/place.txt", "docs/b.txt")
        with pytest.raises(NameTaken):
            await bridge.copy("new/place.txt", "docs/b.txt")
        token = (await bridge.delete("docs")).undo
        assert not (house.tree / "docs").exists()
        assert (await bridge.restore(token)).path == "docs"
        assert (house.tree / "docs/b.txt").read_text() == "hello"


async def test_a_rename_may_change_only_the_case_and_never_goes_into_itself(house: Running) -> None:
    (house.tree / "a").mkdir()
    async with house.connected() as bridge:
        for action in (bridge.rename, bridge.copy):
            with pytest.raises(InvalidInput, match="into itself"):
                await action("a", "a/b/c")
        await bridge.rename("a", "A")
        assert (house.tree / "A").is_dir()


async def _attempts(bridge: BridgeConnection, path: str) -> list[BaseException | object]:
    calls = [
        bridge.list_folder(path),
        bridge.read(path),
        bridge.write(path, "x", version=None),
        bridge.create(path),
        bridge.rename(path, "fine"),
        bridge.rename("present", path),
        bridge.copy("present", path),
        bridge.delete(path),
    ]
    return list(await asyncio.gather(*calls, return_exceptions=True))


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "a\0b", "out/x"])
async def test_no_method_leaves_the_workspace(house: Running, path: str) -> None:
    (house.tree / "present").write_text("here")
    outside = house.tree.parent / "home"
    (house.tree / "out").symlink_to(outside)
    before = sorted(outside.rglob("*"))
    async with house.connected() as bridge:
        outcomes = await _attempts(bridge, path)
    assert [type(outcome) for outcome in outcomes] == [RefusedPath] * len(outcomes)
    assert sorted(outside.rglob("*")) == before
    assert (house.tree / "present").read_text() == "here"


async def test_git_is_not_written_but_may_be_read(house: Running) -> None:
    git(house.tree, "init", "-q")
    async with house.connected() as bridge:
        assert "ref:" in ((await bridge.read(".git/HEAD")).text or "")
        with pytest.raises(RefusedPath):
            await bridge.write(".git/hooks/pre-commit", "evil", version=None)
        with pytest.raises(RefusedPath):
            await bridge.delete(".git")


async def test_a_file_that_is_a_folder_now(house: Running) -> None:
    async with house.connected() as bridge:
        version = (await bridge.write("a", "x", version=None)).version
        (house.tree / "a").unlink()
        (house.tree / "a").mkdir()
        with pytest.raises(Conflict):
            await bridge.write("a", "y", version=version)
        with pytest.raises(Conflict):
            await bridge.read("a")


async def test_viewers_read_and_nothing_more(house: Running) -> None:
    (house.tree / "a").write_text("a")
    async with house.connected(Role.VIEWER) as bridge:
        assert (await bridge.read("a")).text == "a"
        assert (await bridge.index()).paths == ["a"]
        await bridge.watch()
        refused = [
            bridge.write("a", "b", version=None, force=True),
            bridge.create("b"),
            bridge.rename("a", "b"),
            bridge.copy("a", "b"),
            bridge.delete("a"),
            bridge.restore("x"),
            bridge.open_terminal(),
            bridge.application("restart"),
            bridge.run("id"),
        ]
        outcomes = await asyncio.gather(*refused, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Forbidden] * len(refused)
    assert (house.tree / "a").read_text() == "a"


async def test_visitors_read_no_hidden_files(house: Running) -> None:
    (house.tree / ".git").mkdir()
    for name in (".env", ".git/config", "index.html"):
        (house.tree / name).write_text("a")
    async with house.connected(Role.VIEWER, visits=True) as visitor, house.connected(Role.VIEWER) as viewer:
        assert (await visitor.read("index.html")).text == "a"
        for name in (".env", ".git/config"):
            assert (await viewer.read(name)).text == "a"
            with pytest.raises(Forbidden):
                await visitor.read(name)


async def test_writes_of_one_file_are_kept_apart(house: Running) -> None:
    async with house.connected() as bridge:
        attempts = [bridge.write("a", f"{number}", version=None) for number in range(20)]
        outcomes = await asyncio.gather(*attempts, return_exceptions=True)
        winners = [outcome for outcome in outcomes if isinstance(outcome, Written)]
        assert len(winners) == 1
        assert (await bridge.read("a")).version == winners[0].version


async def test_watching_tells_what_others_do(house: Running) -> None:
    async with house.connected() as bridge:
        await bridge.watch()
        (house.tree / "a").write_text("hello")
        change = (await _next_changes(bridge)).changes[0]
        assert (change.path, change.change, change.kind) == ("a", ChangeType.ADDED, Kind.FILE)
        assert change.version == (await bridge.read("a")).version
        (house.tree / "a").unlink()
        gone = (await _next_changes(bridge)).changes[0]
        assert (gone.change, gone.version) == (ChangeType.DELETED, None)
        await bridge.unwatch()
        (house.tree / "b").write_text("x")
        await bridge.watch()
        (house.tree / "c").write_text("x")
        assert [change.path for change in (await _next_changes(bridge)).changes] == ["c"]


async def _next_changes(bridge: BridgeConnection) -> FilesChanged:
    async with asyncio.timeout(30):
        async for item in bridge.incoming():
            if isinstance(item, Notification) and item.method == "files.changed":
                return FilesChanged.model_validate(item.params)
    raise NotFound("the connection ended")
