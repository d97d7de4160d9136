"""The commands against a whole server: accounts, projects, sandboxes and folders are real."""

import asyncio
import json
import secrets
from pathlib import Path

import aiohttp
import pytest

from tests.support.server import LiveServer, create_project
from tests.support.waiting import eventually

from .conftest import OnTerminal, Run, Start

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("live")]

PASSWORD = "a lantern in the reeds"


def fresh(kind: str) -> str:
    return f"{kind}{secrets.token_hex(3)}"


def text_of(file: Path) -> str:
    return file.read_text() if file.exists() else ""


async def make_project(server: LiveServer, name: str) -> str:
    async with server.client() as client:
        made = await create_project(client, name, "static")
    return f"{made['owner']}/{name}"


async def make_account(server: LiveServer, name: str) -> None:
    body = {"name": name, "password": PASSWORD}
    async with server.client() as client, client.post("/api/v1/users", json=body) as response:
        assert response.status == 201, await response.text()


async def test_login_by_name_and_password_keeps_a_token_of_its_own(
    live_server: LiveServer, on_terminal: OnTerminal, run: Run
) -> None:
    name = fresh("grace")
    await make_account(live_server, name)
    async with on_terminal("login", "--server", live_server.url) as terminal:
        await terminal.shows("Name: ")
        terminal.type(f"{name}\n")
        await terminal.shows("Password: ")
        terminal.type(f"{PASSWORD}\n")
        assert await terminal.ends() == 0
        assert PASSWORD not in terminal.text
        assert f"as {name}." in terminal.text
    tokens = await run("token", "list", "--json")
    assert [token["name"].split(" on ")[0] for token in json.loads(tokens.out)] == ["firefly login"]


async def test_a_wrong_password_is_told_and_nothing_is_kept(
    live_server: LiveServer, on_terminal: OnTerminal, tmp_path: Path
) -> None:
    async with on_terminal("login", "--server", live_server.url, "--name", fresh("nobody")) as terminal:
        await terminal.shows("Password: ")
        terminal.type("wrong\n")
        assert await terminal.ends() == 1
        assert "password" in terminal.text.partition("Password: ")[2]
        assert "Traceback" not in terminal.text
    assert not (tmp_path / "config" / "firefly" / "credentials.json").exists()


async def test_a_project_goes_from_template_to_bin_and_back(at_home: Run) -> None:
    name = fresh("walk")
    assert "static" in (await at_home("project", "templates")).out
    made = await at_home("project", "create", name, "--description", "By a test.", "--json")
    assert json.loads(made.out)["description"] == "By a test."
    shown = await at_home("project", "show", name)
    assert f"preview http://{name}--" in shown.out
    assert name in (await at_home("sandbox", "list")).out
    assert f"firefly project restore admin/{name}" in (await at_home("project", "delete", name)).out
    assert name not in (await at_home("project", "list")).out
    assert name in (await at_home("project", "list", "--deleted")).out
    assert (await at_home("project", "restore", name)).code == 0
    assert name in (await at_home("project", "list")).out


async def test_bad_names_are_refused_with_a_sentence(at_home: Run) -> None:
    for name in ("", "Upper", "ä", "../up"):
        done = await at_home("project", "create", name)
        assert (done.code, done.out) == (1, "")
        assert done.err.strip().endswith(".")
        assert "Traceback" not in done.err


async def test_an_archive_becomes_a_project(at_home: Run, tmp_path: Path) -> None:
    import zipfile

    name = fresh("packed")
    with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
        archive.writestr("index.html", "<p>out of an archive</p>")
    done = await at_home("project", "import", f"{name}.zip")
    assert done.code == 0, done.err
    assert (await at_home("files", "get", name, "index.html")).out == "<p>out of an archive</p>"


async def test_an_import_that_fails_says_why_and_ends_with_1(at_home: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"this is no archive")
    for source in ("broken.zip", "--", "https://127.0.0.1:1/x.git", "no-such-file.zip"):
        arguments = ("--", "--upload-pack=touch /tmp/x") if source == "--" else (source,)
        done = await at_home("project", "import", *arguments, within=60)
        assert done.code == 1, done
        assert done.err.strip()
        assert "Traceback" not in done.err


async def test_files_are_listed_written_over_their_version_and_read(
    live_server: LiveServer, at_home: Run, tmp_path: Path
) -> None:
    path = await make_project(live_server, fresh("files"))
    (tmp_path / "note.txt").write_text("one")
    first = json.loads((await at_home("files", "put", path, "note.txt", "docs/note.txt", "--json")).out)
    (tmp_path / "note.txt").write_text("two")
    over = await at_home("files", "put", path, "note.txt", "docs/note.txt", "--version", first["version"])
    assert over.code == 0, over.err
    stale = await at_home("files", "put", path, "note.txt", "docs/note.txt", "--version", first["version"])
    assert stale.code == 1
    assert (await at_home("files", "get", path, "docs/note.txt")).out == "two"
    listed = await at_home("files", "ls", path)
    assert "docs/" in listed.out
    assert "index.html" in listed.out
    assert (await at_home("files", "ls", path, "docs")).out.split()[3:5] == ["note.txt", "3"]


async def test_paths_that_do_not_belong_are_refused(live_server: LiveServer, at_home: Run, tmp_path: Path) -> None:
    path = await make_project(live_server, fresh("paths"))
    (tmp_path / "note.txt").write_text("evil")
    for target in ("../outside.txt", "/etc/passwd", "docs/../../x", "index.html/below"):
        done = await at_home("files", "put", path, "note.txt", target)
        assert done.code == 1, target
        assert done.err.strip()
        assert "Traceback" not in done.err


async def test_a_command_ends_with_its_own_exit_code_and_streams(live_server: LiveServer, at_home: Run) -> None:
    path = await make_project(live_server, fresh("runs"))
    done = await at_home("sandbox", "exec", path, "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.code, done.out, done.err) == (7, "out\n", "err\n")
    as_json = await at_home("sandbox", "exec", "--json", path, "echo through $0 shell")
    assert json.loads(as_json.out)["stdout"].endswith("shell\n")
    killed = await at_home("sandbox", "exec", path, "kill -9 $$")
    assert killed.code == 137
    late = await at_home("sandbox", "exec", "--timeout", "0.2", path, "--", "tail", "-f", "/dev/null")
    assert late.code != 0


async def test_a_shell_is_a_terminal_in_the_sandbox(
    live_server: LiveServer, at_home: Run, on_terminal: OnTerminal
) -> None:
    path = await make_project(live_server, fresh("shell"))
    async with on_terminal("sandbox", "shell", path) as terminal:
        await terminal.shows("$ ")
        terminal.type("echo $((6*7))-answer; pwd; stty size\r")
        await terminal.shows("42-answer")
        await terminal.shows("/workspace")
        await terminal.shows("24 80")
        terminal.type("until [ \"$(stty size)\" = '43 132' ]; do :; done; echo resized-$((1+1))\r")
        terminal.resize(132, 43)
        await terminal.shows("resized-2")
        # In the shell's place: what is typed before its prompt is back after an interrupt may be thrown away.
        terminal.type("exec sh -c 'trap \"exit 5\" INT; echo ready-$((1+1)); while :; do :; done'\r")
        await terminal.shows("ready-2")
        terminal.type("\x03")
        assert await terminal.ends() == 5


async def test_a_shell_needs_a_terminal(live_server: LiveServer, at_home: Run) -> None:
    path = await make_project(live_server, fresh("pipe"))
    done = await at_home("sandbox", "shell", path)
    assert (done.code, done.out) == (1, "")
    assert "firefly sandbox exec" in done.err


async def test_logs_are_followed(live_server: LiveServer, at_home: Run, start: Start) -> None:
    path = await make_project(live_server, fresh("logs"))
    async with start("sandbox", "logs", path, "--json") as logs:
        await logs.tells('"event": "status"')
        await at_home("sandbox", "stop", path)
        assert await asyncio.wait_for(logs.process.wait(), 30) == 0


async def test_open_prints_where_to_go(live_server: LiveServer, at_home: Run) -> None:
    path = await make_project(live_server, fresh("open"))
    shown = {
        kind: json.loads((await at_home("open", *arguments, "--json")).out)["url"]
        for kind, arguments in {"dashboard": (), "editor": (path,), "preview": (path, "--preview")}.items()
    }
    assert shown["dashboard"] == live_server.url
    assert shown["editor"] == f"{live_server.url}/app/{path}"
    assert shown["preview"].startswith(f"http://{path.split('/')[1]}--admin.preview.localhost")
    assert (await at_home("open", "admin/no-such", "--json")).code == 1


async def test_a_token_that_only_reads_may_not_write(live_server: LiveServer, at_home: Run) -> None:
    made = json.loads((await at_home("token", "create", "ci", "--scope", "read", "--days", "1", "--json")).out)
    assert made["expires_at"] is not None
    refused = await at_home("project", "create", fresh("no"), "--token", made["token"])
    assert refused.code == 1
    assert "write" in refused.err
    assert (await at_home("token", "create", "x", "--scope", "fly")).code == 1
    assert (await at_home("token", "create", "x", "--days", "-1")).code == 2
    assert (await at_home("token", "revoke", made["id"])).code == 0
    assert (await at_home("project", "list", "--token", made["token"])).code == 1


async def test_up_keeps_a_folder_in_step_over_a_crash_of_the_server(
    live_server: LiveServer, at_home: Run, start: Start, tmp_path: Path
) -> None:
    name = fresh("site")
    folder = tmp_path / name
    folder.mkdir()
    (folder / "index.html").write_text("<p>first</p>")
    (folder / ".gitignore").write_text("*.log\n")
    (folder / "noise.log").write_text("stays here")
    async with live_server.client() as client, start("up", name) as up:
        await up.tells("In step.")
        there = Remote(client, f"/api/v1/projects/admin/{name}/files")
        assert await there.read("noise.log") is None
        (folder / "index.html").write_text("<p>edited here</p>")
        await eventually(lambda: there.holds("index.html", "<p>edited here</p>"))
        await there.write("deep/new.txt", "made there")
        await eventually(lambda: text_of(folder / "deep/new.txt") == "made there")
        live_server.kill()
        await up.tells("Connection lost, trying again")
        (folder / "index.html").write_text("<p>edited while it was away</p>")
        live_server.start()
        await up.tells("In step.", times=2, within=60)
        await eventually(lambda: there.holds("index.html", "<p>edited while it was away</p>"))
        assert (folder / "deep/new.txt").read_text() == "made there"
    again = await at_home("up", name, "--once")
    assert (again.code, "→" in again.err, "←" in again.err) == (0, False, False), again


class Remote:
    """The files of a project, by the API."""

    def __init__(self, client: aiohttp.ClientSession, base: str) -> None:
        self._client = client
        self._base = base

    async def read(self, path: str) -> str | None:
        async with self._client.get(f"{self._base}/{path}") as response:
            return await response.text() if response.status == 200 else None

    async def holds(self, path: str, text: str) -> bool:
        return await self.read(path) == text

    async def write(self, path: str, text: str) -> None:
        async with self._client.put(f"{self._base}/{path}", data=text.encode()) as response:
            assert response.status < 300, await response.text()


async def test_up_refuses_what_is_no_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("x")
    for wrong in ("no-such-folder", "file.txt"):
        done = await run("up", wrong)
        assert (done.code, done.err.strip()) == (1, f"{wrong} is not a folder.")


async def test_up_once_ends_with_1_when_the_server_is_away(run: Run, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    done = await run("up", "site", "--once", "--server", "http://127.0.0.1:1", "--token", "ffp_x")
    assert done.code == 1
    assert "does not answer" in done.err


async def test_a_file_is_taken_back_to_a_checkpoint_and_forth_again(live_server: LiveServer, run: Run) -> None:
    project = await make_project(live_server, fresh("garden"))
    signed = ("--server", live_server.url, "--token", live_server.token)
    async with live_server.client() as client:
        for text in (b"one", b"two"):
            async with client.put(f"/api/v1/projects/{project}/files/note.txt", data=text) as response:
                assert response.status in (200, 201)
            async with client.post(f"/api/v1/projects/{project}/sandbox/stop") as response:
                assert response.status == 200
    newest, before = json.loads((await run("checkpoint", "list", project, "--json", *signed)).out)[:2]
    assert (newest["paths"], before["branch"]) == (["note.txt"], "main")
    assert (await run("checkpoint", "show", project, before["id"], "note.txt", *signed)).out == "one"
    patch = (await run("checkpoint", "diff", project, newest["id"], "note.txt", *signed)).out
    assert patch.splitlines()[-4:] == ["-one", "\\ No newline at end of file", "+two", "\\ No newline at end of file"]
    since = await run("checkpoint", "diff", project, before["id"], "--now", "--stat", "--json", *signed)
    assert json.loads(since.out) == [{"path": "note.txt", "change": "modified", "added": 1, "removed": 1}]
    told = json.loads((await run("checkpoint", "status", project, "--json", *signed)).out)
    assert (told["error"], told["refused"]) == ("", [])
    for id, shown in ((before["id"], "one"), (newest["id"], "two")):
        done = await run("checkpoint", "restore", project, id, "note.txt", *signed)
        assert done.out.startswith("One file is as it was.")
        assert (await run("files", "get", project, "note.txt", *signed)).out == shown
