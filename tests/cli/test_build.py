"""`firefly build`: of a folder of this machine, and of projects on a server."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel

from firefly.cli import build_waiting
from firefly.cli.build_words import describe
from firefly.cli.command import Cli
from firefly.client import ClientError
from firefly.client.build_models import Build
from tests.support.waiting import eventually
from tests.web.world import World

from .conftest import OnTerminal, Run, Start


class Answer(BaseModel):
    text: str


PARTS = ("strategy", "family", "run", "port", "env", "configured_by")


async def test_a_folder_is_explained(run: Run, tmp_path: Path) -> None:
    (tmp_path / "firefly.yml").write_text("image: go\nport: 3000\nenv: {A: b}")
    (tmp_path / "main.go").write_text("package main")
    (tmp_path / "go.mod").write_text("module x\n\ngo 1.23\n")
    told = await run("build", "explain")
    assert told.code == 0, told.err
    for line in (
        "Go, a server: there is a go.mod",
        "versions, since go.mod asks for go 1.23:\n    go 1.23",
        "runtime, since firefly.yml says so:\n    go\n",
        "port, since firefly.yml says so:\n    3000",
        "run, since that is what is built:\n    ./bin/app",
    ):
        assert line in told.out
    found = json.loads((await run("build", "explain", str(tmp_path), "--json")).out)
    assert [found[part] for part in PARTS] == ["commands", "Go", ["./bin/app"], 3000, {"A": "b"}, "firefly.yml"]


async def test_words_of_strangers_steer_no_terminal(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A firefly.yml is looked at before anybody trusts it, and lists tell the subjects of anybody's commits."""
    (tmp_path / "firefly.yml").write_text('run: ["a\\e]52;c;eA==\\e\\\\ \\e[1A\\e[2K\\x9b2Jb\\rc"]')
    told = await run("build", "explain")
    assert "\n    a 2Jbc\n" in told.out
    Cli("", "", False).table([Answer(text="[/x] [link=http://x]\x1b[2Jhere")], {"SUBJECT": lambda one: one.text}, "")
    assert capsys.readouterr().out.split() == ["SUBJECT", "[/x]", "[link=http://x]here"]


async def test_what_cannot_be_explained_is_told(run: Run, tmp_path: Path) -> None:
    missing = await run("build", "explain", "missing")
    assert (missing.code, missing.err) == (1, "missing is no folder.\n")
    (tmp_path / "firefly.yml").write_text("\nbiuld: make")
    wrong = await run("build", "explain")
    assert (wrong.code, wrong.err) == (1, "firefly.yml, line 2: the key biuld is not known. Did you mean build?\n")


async def test_builds_are_asked_for_listed_explained_ended_and_bounded(logged_in: Run, world: World) -> None:
    await world.shared(world.ada, "site")
    nothing = await logged_in("build", "list", "site")
    assert nothing.out == "Nothing was built yet. `firefly build start site` begins.\n"
    made = json.loads((await logged_in("build", "start", "site", "--ref", "main", "--json")).out)
    assert (made["project"], made["number"], made["state"]) == ("ada/site", 1, "queued")
    held = Build.model_validate({**made, "queue": {**made["queue"], "reason": "The project is on hold."}})
    assert describe(held).endswith(" s. The project is on hold.")
    assert (await logged_in("build", "list", "ada/site")).out.splitlines()[1].split()[:3] == ["#1", "queued", "main"]
    for target in ("ada/site", "site"):
        assert "Static, pages" in (await logged_in("build", "explain", target)).out
    ended = await logged_in("build", "cancel", "site#1")
    assert (ended.code, ended.out.split()[:2]) == (0, ["ada/site#1", "cancelled"])
    assert (await logged_in("build", "log", "site#1")).err == "It has printed nothing.\n"
    await _execute(world, "update builds set state = 'succeeded'")
    again = await logged_in("build", "start", "site")
    assert again.err == "ada/site#1 has built this commit already; --force builds it again.\n"
    wanted = await logged_in("build", "settings", "site", "--pattern", "v*", "--timeout", "60", "--json")
    kept = json.loads(wanted.out)
    assert (kept["policy"], kept["patterns"], kept["timeout"]) == ("patterns", ["v*"], 60)


async def test_an_earlier_build_becomes_its_branchs_newest_again(logged_in: Run, world: World) -> None:
    await world.shared(world.ada, "site")
    for commit in ("a" * 40, "b" * 40):
        assert (await logged_in("build", "start", "site", "--ref", "new", "--commit", commit)).code == 0
    again = json.loads((await logged_in("build", "rollback", "site#1", "--json")).out)
    assert (again["number"], again["branch"], again["commit"]) == (3, "new", "a" * 40)


async def test_waiting_for_a_build_prints_its_log_and_ends_with_1_where_it_fails(
    logged_in: Run, start: Start, on_terminal: OnTerminal, world: World
) -> None:
    await world.shared(world.ada, "site")
    async with start("build", "start", "site", "--follow") as command:
        (row,) = await eventually(lambda: _builds(world))
        ada = await world.services.tokens.verify(await world.token(world.ada))
        build = await world.services.builds.get(ada, row["id"])
        await _execute(world, "update builds set state = 'running', started_at = now()")
        async with world.services.desk.logs.writing(build) as log, log.step("build", "make") as step:
            await step.write(b"\x1b[31mmaking\x1b[0m\n")
            await command.tells("making")
            await step.write(b"\x1b]0;title\x07made\n")
            await _execute(world, "update builds set state = 'failed', reason = 'It broke.', ended_at = now()")
        await command.process.wait()
    assert command.process.returncode == 1
    assert command.text.startswith("making\nmade\n")
    assert "ada/site#1 failed. It broke.\n" in command.text
    assert (await logged_in("build", "log", "site#1", "--search", "MADE")).out == "made\n"
    assert "make" in (await logged_in("build", "show", "site#1")).out
    async with on_terminal("build", "log", "site#1") as terminal:
        await terminal.shows("build\x1b[0m  make")
        assert await terminal.ends() == 0


async def test_waiting_goes_on_until_the_site_is_live_and_ends_with_1_and_the_reason_where_it_fails(
    logged_in: Run, start: Start, world: World
) -> None:
    project = await world.shared(world.ada, "site")
    async with start("build", "start", "site", "--wait") as command:
        (row,) = await eventually(lambda: _builds(world))
        await _execute(world, "update builds set state = 'succeeded', artifact = 'x', ended_at = now()")
        await command.tells("ada/site#1: its site: starting")
        await _execute(
            world,
            "insert into sites (id, project_id, build_id, shows, ref, label, workspace_id, state, created_at)"
            " values ($1, $2, $1, 'ref', 'refs/heads/main', 'main--site--ada', $3, 'starting', now())",
            row["id"], project.id, project.workspace_id,
        )  # fmt: skip
        await _execute(
            world,
            "insert into site_hosts (label, project_id, ref, sub, site_id)"
            " values ('main--site--ada', $1, 'refs/heads/main', '', $2)", project.id, row["id"],
        )  # fmt: skip
        assert command.process.returncode is None
        await _execute(world, "update sites set state = 'live', live_at = now()")
        await command.process.wait()
    assert command.process.returncode == 0
    assert f"  live: {world.settings.content_url('main--site--ada')}\n" in command.text

    await _execute(world, "update sites set state = 'failed', reason = 'Nothing listens.'")
    failed = await logged_in("build", "start", "site#1", "--wait")
    assert (failed.code, failed.err) == (1, "ada/site#1 was built, and its site did not start. Nothing listens.\n")
    assert "  Its site did not start: Nothing listens.\n" in failed.out
    assert (await logged_in("build", "start", "site#1", "--wait", "--no-site", "--json")).code == 0


class Away:
    """Calls about builds, to a server that is away at first; `status` of its problem, 0: nothing answers."""

    def __init__(self, status: int, build: Build) -> None:
        self._status, self._build = status, build
        self.builds = self
        self.asked = 0

    async def get(self, _: UUID) -> Build:
        self.asked += 1
        if self.asked < 3:
            raise ClientError("It is away.", status=self._status)
        return self._build


async def test_waiting_outlasts_a_server_that_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_waiting, "POLL", 0)
    queued = Build(
        id=uuid4(), project="ada/site", number=1, ref="refs/heads/main", branch="main", commit="a" * 40, trigger="api",
        state="queued", created_at=datetime.now(UTC), steps=[],
    )  # fmt: skip
    failed, cli = queued.model_copy(update={"state": "failed"}), Cli("", "", True)
    for status in (0, 503):
        assert (await build_waiting.ended(cli, cast(Any, Away(status, failed)), queued)).state == "failed"
    gone = Away(404, failed)
    with pytest.raises(ClientError):
        await build_waiting.ended(cli, cast(Any, gone), queued)
    assert gone.asked == 1


async def _builds(world: World) -> list[Any]:
    async with world.services.database.connection() as connection:
        return list(await connection.fetch("select id from builds"))


async def _execute(world: World, statement: str, *values: object) -> None:
    async with world.services.database.connection() as connection:
        await connection.execute(statement, *values)
