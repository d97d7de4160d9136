"""What the commands print, where, and with which exit code."""

import asyncio
import json
import os
import re
import stat
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest

from firefly.adapters.tls import acme_folder
from firefly.settings import Settings
from firefly.testing.texts import MemoryTexts
from firefly.tls.renewal import STANDINGS, STATUS, Standing
from tests.support.certificates import TestAuthority
from tests.web.bridge import MemoryBridge
from tests.web.world import World

from .conftest import FIREFLY, Run, address_of


async def test_login_keeps_the_token_for_its_owner_only(world: World, run: Run, tmp_path: Path) -> None:
    done = await run("login", "--server", address_of(world), "--token", await world.token(world.ada))
    assert done.code == 0, done.err
    file = tmp_path / "config" / "firefly" / "credentials.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert "ffp_" in file.read_text()
    gone = await run("logout", "--json")
    assert json.loads(gone.out)["forgotten"] is True
    assert "ffp_" not in file.read_text()


async def test_a_wrong_token_is_not_kept(world: World, run: Run, tmp_path: Path) -> None:
    done = await run("login", "--server", address_of(world), "--token", "ffp_wrong")
    assert (done.code, done.out) == (1, "")
    assert "token" in done.err
    assert not (tmp_path / "config" / "firefly" / "credentials.json").exists()


async def test_projects_are_created_listed_renamed_and_deleted(logged_in: Run, world: World) -> None:
    made = await logged_in("project", "create", "site", "--json")
    assert made.code == 0, made.err
    assert json.loads(made.out)["urls"]["preview"].startswith("http://site--ada.")
    listed = await logged_in("project", "list")
    assert "ada/site" in listed.out
    renamed = await logged_in("project", "rename", "site", "new")
    assert "ada/new" in renamed.out
    assert (await logged_in("project", "delete", "ada/new")).code == 0


async def test_a_failure_is_one_sentence_on_stderr_and_exit_code_1(logged_in: Run) -> None:
    for extra in ((), ("--json",)):
        done = await logged_in("project", "show", "nothing", *extra)
        assert done.code == 1
        assert done.out == ""
        assert done.err.strip() == "There is no such project."


async def test_wrong_usage_is_exit_code_2(run: Run) -> None:
    for arguments in (("project", "show"), ("project", "no-such"), ("files", "get", "--colour")):
        done = await run(*arguments)
        assert done.code == 2
        assert done.out == ""


async def test_a_server_that_is_away_is_told_as_such(run: Run) -> None:
    done = await run("project", "list", "--server", "http://127.0.0.1:1", "--token", "x")
    assert done.code == 1
    assert "does not answer" in done.err


async def test_what_is_not_fireflys_api_is_told_as_such(run: Run, world: World) -> None:
    server = str(world.server.make_url("/assets")).rstrip("/")
    done = await run("project", "list", "--server", server, "--token", "x")
    assert done.code == 1
    assert "Traceback" not in done.err


async def test_files_go_both_ways(logged_in: Run, world: World, bridge: MemoryBridge, tmp_path: Path) -> None:
    world.projects.add(world.ada, "site")
    (tmp_path / "a.bin").write_bytes(bytes(range(256)))
    put = await logged_in("files", "put", "site", "a.bin", "deep/a.bin")
    assert put.code == 0, put.err
    assert bridge.files["deep/a.bin"] == bytes(range(256))
    got = await logged_in("files", "get", "site", "deep/a.bin", "back.bin", "--json")
    assert json.loads(got.out)["size"] == 256
    assert (tmp_path / "back.bin").read_bytes() == bytes(range(256))
    missing = await logged_in("files", "put", "site", "no-such-file")
    assert (missing.code, missing.err.strip()) == (1, "no-such-file is not a file.")


async def test_a_file_is_json_with_json(logged_in: Run, world: World, bridge: MemoryBridge) -> None:
    world.projects.add(world.ada, "site")
    bridge.files["a.bin"] = b"\xff\x00"
    text = json.loads((await logged_in("files", "get", "site", "index.html", "--json")).out)
    assert text == {"path": "index.html", "size": 14, "version": "v1", "text": "<h1>hello</h1>"}
    assert json.loads((await logged_in("files", "get", "site", "a.bin", "--json")).out)["base64"] == "/wA="


async def test_a_file_that_cannot_be_fetched_leaves_the_old_one(
    logged_in: Run, world: World, bridge: MemoryBridge, tmp_path: Path
) -> None:
    world.projects.add(world.ada, "site")
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "folder").mkdir()
    assert (await logged_in("files", "get", "site", "missing.txt", "mine.txt")).code == 1
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert (await logged_in("files", "get", "site", "index.html", "folder")).code == 0
    assert (tmp_path / "folder" / "index.html").read_bytes() == bridge.files["index.html"]
    refused = await logged_in("files", "get", "site", "index.html", "no/such/folder")
    assert refused.code == 1
    assert "No such file or directory" in refused.err
    assert "Traceback" not in refused.err
    assert not [name for _, _, names in os.walk(tmp_path) for name in names if name.endswith("firefly-part")]


async def test_a_reader_that_has_gone_is_no_success_and_no_noise(
    logged_in: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = await asyncio.create_subprocess_exec(
        *FIREFLY, "project", "templates", "--json", cwd=tmp_path, env=environment, stdout=writing,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    os.close(writing)
    _, err = await process.communicate()
    assert (process.returncode, err) == (1, b"")


async def test_a_token_may_come_by_the_environment(run: Run, world: World, environment: dict[str, str]) -> None:
    server = address_of(world)
    environment["FIREFLY_TOKEN"] = await world.token(world.ada)
    done = await run("token", "list", "--server", server)
    assert done.code == 0, done.err


async def test_nobody_to_ask_for_a_password_is_a_sentence(run: Run) -> None:
    done = await run("login", "--server", "http://127.0.0.1:1", "--json")
    assert (done.code, done.out) == (1, "")
    assert "FIREFLY_TOKEN" in done.err
    assert "Traceback" not in done.err


async def test_sandboxes_are_steered(logged_in: Run, world: World) -> None:
    world.projects.add(world.ada, "site")
    assert json.loads((await logged_in("sandbox", "start", "site", "--json")).out)["state"] == "running"
    assert "ada/site" in (await logged_in("sandbox", "list")).out
    assert json.loads((await logged_in("sandbox", "stop", "site", "--json")).out)["state"] == "stopped"
    ran = await logged_in("sandbox", "exec", "--json", "site", "--", "echo", "hi")
    assert json.loads(ran.out)["stdout"] == "['echo', 'hi']"


async def test_domains_are_added_checked_listed_and_removed(logged_in: Run, world: World) -> None:
    await world.shared(world.ada, "site")
    empty = await logged_in("domain", "list", "site")
    assert "firefly domain add" in empty.out
    alias = await logged_in("domain", "add", "site", "shop", "--port", "8080")
    assert world.settings.content_url("shop") in alias.out
    made = json.loads((await logged_in("domain", "add", "ada/site", "www.example.org", "--json")).out)
    waiting = await logged_in("domain", "check", "site", "www.example.org")
    assert waiting.code == 1
    assert made["proof"]["value"] in waiting.out
    texts = world.services.domains.checking.texts
    assert isinstance(texts, MemoryTexts)
    texts.put(made["proof"]["name"], made["proof"]["value"])
    proven = await logged_in("domain", "check", "site", "WWW.example.org.")
    assert (proven.code, "active" in proven.out) == (0, True)
    listed = await logged_in("domain", "list", "site")
    assert "port 8080" in listed.out
    assert "www.example.org" in listed.out
    for host in ("shop", "www.example.org"):
        assert (await logged_in("domain", "remove", "site", host)).code == 0
    gone = await logged_in("domain", "remove", "site", "shop")
    assert (gone.code, "has no domain shop" in gone.err) == (1, True)
    refused = await logged_in("domain", "add", "site", "co.uk")
    assert (refused.code, "suffix" in refused.err) == (1, True)


async def test_secrets_are_set_by_stdin_or_file_listed_and_removed(
    logged_in: Run, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.shared(world.ada, "site")
    assert "firefly secret set" in (await logged_in("secret", "list", "site")).out
    monkeypatch.setattr("sys.stdin", StringIO("k-1\n"))
    assert "API_KEY is set." in (await logged_in("secret", "set", "site", "API_KEY")).out
    (tmp_path / ".env").write_text("# both\nexport API_KEY='k-2'\nDATABASE_URL=postgres://u:p@db/x # here\n")
    imported = await logged_in("secret", "import", "site", str(tmp_path / ".env"))
    assert ("API_KEY" in imported.out, "DATABASE_URL" in imported.out) == (True, True)
    (tmp_path / "value").write_text("k-3")
    assert (await logged_in("secret", "set", "site", "API_KEY", "--file", str(tmp_path / "value"))).code == 0
    listed = await logged_in("secret", "list", "site")
    assert ("API_KEY" in listed.out, "k-3" in listed.out) == (True, False)
    assert (await logged_in("secret", "remove", "site", "API_KEY")).code == 0
    gone = await logged_in("secret", "remove", "site", "API_KEY")
    assert (gone.code, "no secret named API_KEY" in gone.err) == (1, True)
    refused = await logged_in("secret", "import", "site", str(tmp_path / "nothing"))
    assert (refused.code, "cannot be read" in refused.err) == (1, True)


async def test_own_workspaces_are_opened_listed_named_and_discarded(logged_in: Run, world: World) -> None:
    site = await world.shared(world.ada, "site")
    opened = await logged_in("workspace", "open", "site")
    assert ("/app/ada/site?workspace=ada" in opened.out, "ada/site@ada" in opened.out) == (True, True)
    assert "me-ada--site--ada" in (await logged_in("workspace", "list", "site")).out
    assert (await logged_in("sandbox", "start", "site@ada")).code == 0
    assert set(world.keeper.runs) == {world.own.kept[site.id, "ada"].workspace_id}
    # A whole project is not taken for a workspace of it.
    refused = await logged_in("project", "delete", "site@ada")
    assert (refused.code, "leave out @ada" in refused.err) == (1, True)
    world.own.stake = "a draft"
    kept = await logged_in("workspace", "discard", "site")
    assert (kept.code, "a draft" in kept.err) == (1, True)
    assert (await logged_in("workspace", "discard", "site", "--anyway")).code == 0
    assert world.own.kept == {}


async def test_tokens_are_made_shown_once_and_revoked(logged_in: Run, world: World) -> None:
    made = json.loads((await logged_in("token", "create", "ci", "--scope", "read", "--json")).out)
    assert made["scopes"] == ["read"]
    identity = await world.services.tokens.verify(made["token"])
    assert identity.account.name == "ada"
    listed = await logged_in("token", "list")
    assert made["id"] in listed.out
    assert made["token"] not in listed.out
    assert (await logged_in("token", "revoke", made["id"])).code == 0
    assert (await logged_in("token", "revoke", "not-an-id")).code == 1


async def test_an_unknown_setting_keeps_the_server_from_starting(run: Run, environment: dict[str, str]) -> None:
    environment["FIREFLY_COLOUR"] = "red"
    done = await run("serve")
    assert done.code == 1
    assert "FIREFLY_COLOUR" in done.err


async def test_doctor_names_what_it_found(run: Run) -> None:
    done = await run("doctor", "--json")
    found = {check["what"]: check for check in json.loads(done.out)}
    assert found["Python"]["ok"]
    assert {"git", "bwrap", "slirp4netns", "data folder", "limits of sandboxes"} <= set(found)
    assert all(check["ok"] or check["remedy"] for check in found.values())


async def test_doctor_ends_with_1_when_something_needed_is_missing(
    run: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    environment["PATH"] = str(tmp_path)
    done = await run("doctor", "--json", "--quiet")
    checks = json.loads(done.out)
    found = {check["what"]: check for check in checks}
    assert (done.code, len(found)) == (1, len(checks))
    assert found["git"] == {"what": "git", "ok": False, "found": "-", "remedy": "apt install git", "needed": True}
    assert "Python" not in found
    table = await run("doctor", "--quiet")
    assert table.code == 1
    assert re.search(r"MISSING +git +- +apt install git", table.out)


DOCKER = """#!/bin/sh
case "$1" in --version) echo "Docker version {version}, build 0" ;; *) exit 1 ;; esac
"""


async def test_doctor_tells_which_docker_builds_images_and_why_no_other(
    run: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    for folder, version in (("new", "28.1.1"), ("old", "20.10.24+dfsg1"), ("ancient", "19.3.1")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "docker").write_text(DOCKER.format(version=version))
        (tmp_path / folder / "docker").chmod(0o755)
    new, old, ancient = (f"{tmp_path}/{folder}" for folder in ("new", "old", "ancient"))
    environment |= {"FIREFLY_SANDBOX": "docker", "FIREFLY_DOCKER_HOST": f"unix://{tmp_path}/none.sock"}

    async def told(path: str) -> tuple[bool, str, str]:
        environment["PATH"] = path
        found = {check["what"]: check for check in json.loads((await run("doctor", "--offline", "--json")).out)}
        check = found["docker that builds"]
        return check["ok"], check["found"], check["remedy"]

    passed = f"{new}/docker is of version 28.1 and has no BuildKit"
    assert await told(f"{new}:{old}") == (True, f"{old}/docker is used; {passed}", "")
    ok, found, remedy = await told(f"{new}:{ancient}")
    assert (ok, found) == (False, f"{passed}; {ancient}/docker is of version 19.3, which is too old")
    assert remedy == "Install the plug-in `docker buildx`; without it projects with a Dockerfile are not built"
    assert await told(str(tmp_path)) == (
        False, "-", "On Debian: apt install docker.io; without it projects with a Dockerfile are not built"
    )  # fmt: skip


async def test_doctor_tells_hosts_that_a_server_would_not_start_with(run: Run, environment: dict[str, str]) -> None:
    environment |= {"FIREFLY_URL": "http://firefly.example.com", "FIREFLY_CONTENT_DOMAIN": "preview.example.com"}
    found = {check["what"]: check for check in json.loads((await run("doctor", "--json", "--quiet", "--offline")).out)}
    assert "are one site to browsers (example.com)" in found["app and previews"]["found"]
    assert found["app and previews"]["needed"]
    assert "is not https" in found["https"]["found"]
    environment |= {"FIREFLY_ALLOW_SAME_SITE": "1", "FIREFLY_ALLOW_HTTP": "1"}
    found = {check["what"]: check for check in json.loads((await run("doctor", "--json", "--quiet", "--offline")).out)}
    assert not found["app and previews"]["needed"]
    assert not found["https"]["needed"]


async def test_doctor_tells_certificates_that_end_lack_or_cannot_be_served(
    run: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    authority = TestAuthority.make(tmp_path / "authority")
    good, soon = authority.issue("good", "localhost"), authority.issue("soon", "old.example", days=3)
    environment |= {
        "FIREFLY_TLS_CERTIFICATES": f"{good.certificate},{soon.certificate},{tmp_path}/none.pem",
        "FIREFLY_TLS_KEYS": f"{good.key},{soon.key},{tmp_path}/none.pem",
    }
    found = {check["what"]: check for check in json.loads((await run("doctor", "--json")).out)}
    assert found[f"certificate {good.certificate}"]["ok"]
    assert found[f"certificate {soon.certificate}"]["remedy"] == "Renew it."
    assert found[f"certificate {tmp_path}/none.pem"]["needed"]
    assert found["certificate *.preview.localhost"]["found"] == "none"
    assert "certificate localhost" not in found


async def test_doctor_tells_why_a_certificate_could_not_be_had(
    run: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    environment |= {
        "FIREFLY_DATA_DIR": str(tmp_path / "data"),
        "FIREFLY_ACME_DIRECTORY": "https://acme.test/dir",
        "FIREFLY_ACME_DNS_HOOK": "hook",
    }
    settings = Settings(data_dir=tmp_path / "data", acme_directory="https://acme.test/dir")
    again = datetime(2030, 1, 2, 3, 4, tzinfo=UTC)
    failed = Standing(names=("localhost",), next=again, failures=2, reason="The zone is locked.")
    acme_folder(settings).mkdir(parents=True)
    (acme_folder(settings) / STATUS).write_bytes(STANDINGS.dump_json([failed]))
    found = {check["what"]: check for check in json.loads((await run("doctor", "--json")).out)}
    assert found["certificate localhost"]["found"] == "The zone is locked."
    assert "tried again at 2030-01-02 03:04" in found["certificate localhost"]["remedy"]
    assert found["certificate *.preview.localhost"]["remedy"] == "It is ordered when the server runs."


async def test_doctor_tells_a_data_folder_that_cannot_be_made(
    run: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    environment["FIREFLY_DATA_DIR"] = str(tmp_path / "file" / "data")
    done = await run("doctor", "--json")
    (folder,) = [check for check in json.loads(done.out) if check["what"] == "data folder"]
    assert (done.code, folder["ok"], folder["found"]) == (1, False, str(tmp_path / "file" / "data"))
    assert "FIREFLY_DATA_DIR" in folder["remedy"]
