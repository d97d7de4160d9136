"""The embedded PostgreSQL: closed to others, whatever user runs Firefly; survives Firefly, and Firefly survives it."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from firefly import privileges
from firefly.errors import Conflict, Unavailable
from firefly.settings import Settings
from firefly.store import EmbeddedPostgres
from firefly.store.cluster import MAJOR, POSTGRES_UID
from tests.support.database import FAST
from tests.support.users import ORDINARY_UID, ordinary
from tests.support.waiting import eventually

AS_ROOT = os.geteuid() == 0
PR_CAPBSET_DROP, CAP_SYS_ADMIN = 24, 21


async def ask(server: EmbeddedPostgres, query: str) -> Any:
    connection = await asyncpg.connect(server.dsn())
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def answers(server: EmbeddedPostgres) -> bool:
    try:
        return bool(await ask(server, "SELECT true"))
    except (OSError, asyncpg.PostgresError):
        return False


def postmaster(settings: Settings) -> int:
    """Its process; 0 where there is none just now."""
    path = settings.data_dir / "postgres" / str(MAJOR) / "postmaster.pid"
    words = path.read_text().split() if path.exists() else []
    return int(words[0]) if words else 0


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def modes_above(path: Path) -> dict[Path, int]:
    return {folder: folder.stat().st_mode for folder in (path, *path.parents)}


def start_program(data_dir: Path, enter: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.store.embedded_program", str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=enter,
    )


async def next_line(program: subprocess.Popen[str]) -> dict[str, Any]:
    assert program.stdout is not None
    line = await asyncio.wait_for(asyncio.to_thread(program.stdout.readline), 30)
    found: dict[str, Any] = json.loads(line)
    return found


async def finish(program: subprocess.Popen[str]) -> None:
    await asyncio.to_thread(program.communicate, "\n", 30)
    assert program.returncode == 0


async def test_starts_and_keeps_what_it_was_given(embedded: EmbeddedPostgres) -> None:
    await embedded.start()
    await ask(embedded, "CREATE TABLE kept AS SELECT 7 AS seven")
    await embedded.stop()
    assert not await answers(embedded)
    await embedded.start()
    assert await ask(embedded, "SELECT seven FROM kept") == 7


async def test_a_successor_takes_it_over_while_it_runs(embedded: EmbeddedPostgres, settings: Settings) -> None:
    await embedded.start()
    running = postmaster(settings)
    later = EmbeddedPostgres(settings, options=FAST)
    await later.start(beside=True)
    assert await ask(later, "SELECT 7") == 7
    # What was never its own it does not end.
    await later.stop()
    with pytest.raises(Conflict):
        await later.take_over()
    await embedded.let_go()
    await later.take_over()
    await embedded.stop()
    assert (await ask(later, "SELECT 7"), postmaster(settings)) == (7, running)
    await later.stop()
    assert not await answers(later)
    # Its parent would have ended by now.
    assert embedded._process is not None
    await asyncio.to_thread(embedded._process.wait, 30)


async def test_dsn_holds_no_password(embedded: EmbeddedPostgres, settings: Settings) -> None:
    dsn = await embedded.start()
    passfile = settings.data_dir / "postgres" / "passfile"
    passwords = [line.split(":")[4] for line in passfile.read_text().splitlines()]
    assert len(set(passwords)) == 2
    assert not [password for password in passwords if password in dsn]
    assert stat.S_IMODE(passfile.stat().st_mode) == 0o600


async def test_nobody_else_gets_near(embedded: EmbeddedPostgres, settings: Settings) -> None:
    await embedded.start()
    for folder in ("data_dir/postgres", f"data_dir/postgres/{MAJOR}", "run_dir/postgres"):
        base, _, rest = folder.partition("/")
        assert stat.S_IMODE((getattr(settings, base) / rest).stat().st_mode) == 0o700, folder
    assert await ask(embedded, "SHOW listen_addresses") == ""
    sockets = list((settings.run_dir / "postgres").glob(".s.PGSQL.*"))
    assert [path for path in sockets if path.is_socket()]


async def test_nobody_enters_without_the_password(embedded: EmbeddedPostgres, settings: Settings) -> None:
    await embedded.start()
    for role in ("firefly", "postgres"):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(host=str(settings.run_dir / "postgres"), user=role, database="firefly", password="x")


async def test_firefly_is_no_superuser_of_its_database(embedded: EmbeddedPostgres) -> None:
    await embedded.start()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await ask(embedded, "COPY (SELECT 1) TO PROGRAM 'id'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await ask(embedded, "SELECT pg_read_file('/etc/hostname')")


@pytest.mark.skipif(not AS_ROOT, reason="needs root: it is about what root gives up")
async def test_as_root_it_runs_as_a_user_of_its_own(embedded: EmbeddedPostgres, settings: Settings) -> None:
    await embedded.start()
    fields = status_of(postmaster(settings))
    assert fields["Uid"].split() == [str(POSTGRES_UID)] * 4
    assert fields["Gid"].split() == [str(POSTGRES_UID)] * 4
    assert fields["Groups"].split() == []
    assert int(fields["CapEff"], 16) == 0
    assert fields["NoNewPrivs"] == "1"


async def test_opens_no_folder_above_it(settings: Settings, embedded: EmbeddedPostgres, tmp_path: Path) -> None:
    before = modes_above(tmp_path)
    assert stat.S_IMODE(before[tmp_path]) == 0o700
    await embedded.start()
    assert modes_above(tmp_path) == before


async def test_server_of_a_killed_firefly_is_adopted(settings: Settings, embedded: EmbeddedPostgres) -> None:
    program = start_program(settings.data_dir)
    found = await next_line(program)
    program.kill()
    await asyncio.to_thread(program.communicate, timeout=30)
    await embedded.start()
    assert await ask(embedded, "SELECT pg_postmaster_start_time()::text") == found["since"]
    await embedded.stop()
    assert not await answers(embedded)


async def test_server_that_dies_is_started_again(settings: Settings, embedded: EmbeddedPostgres) -> None:
    await embedded.start()
    await ask(embedded, "CREATE TABLE kept AS SELECT 7 AS seven")
    dead = postmaster(settings)
    os.kill(dead, signal.SIGKILL)
    await eventually(lambda: postmaster(settings) not in (0, dead))
    await eventually(lambda: answers(embedded))
    assert await ask(embedded, "SELECT seven FROM kept") == 7


async def test_adopted_server_that_dies_is_started_again(settings: Settings, embedded: EmbeddedPostgres) -> None:
    program = start_program(settings.data_dir)
    await next_line(program)
    program.kill()
    await asyncio.to_thread(program.communicate, timeout=30)
    await embedded.start()
    os.kill(postmaster(settings), signal.SIGKILL)
    assert await eventually(lambda: _restarted(embedded))


async def _restarted(server: EmbeddedPostgres) -> bool:
    return await answers(server) and bool(
        await ask(server, "SELECT now() - pg_postmaster_start_time() < interval '15 s'")
    )


async def test_two_fireflies_do_not_share_a_data_directory(settings: Settings, embedded: EmbeddedPostgres) -> None:
    await embedded.start()
    second = EmbeddedPostgres(settings, options=FAST)
    with pytest.raises(Conflict, match="Another Firefly"):
        await second.start()
    await second.stop()
    assert await answers(embedded)


async def test_cluster_of_another_major_version_is_left_alone(settings: Settings, embedded: EmbeddedPostgres) -> None:
    old = settings.data_dir / "postgres" / "16"
    old.mkdir(parents=True)
    with pytest.raises(Conflict, match="PostgreSQL 16"):
        await embedded.start()
    assert sorted(path.name for path in old.parent.iterdir()) == ["16"]


async def test_interrupted_set_up_begins_anew(settings: Settings, embedded: EmbeddedPostgres) -> None:
    half = settings.data_dir / "postgres" / f"{MAJOR}.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    await embedded.start()
    assert await answers(embedded)
    assert not half.exists()


async def test_cluster_that_does_not_start_is_explained(
    settings: Settings, embedded: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firefly.store.embedded.ATTEMPTS", 2)
    await embedded.start()
    await embedded.stop()
    (settings.data_dir / "postgres" / str(MAJOR) / "global" / "pg_control").unlink()
    with pytest.raises(Unavailable, match="pg_control"):
        await embedded.start()


@pytest.mark.skipif(not AS_ROOT, reason="needs root: it changes the user")
async def test_runs_as_an_ordinary_user_without_a_name(tmp_path: Path) -> None:
    home = tmp_path / "ordinary"
    home.mkdir()
    os.chown(home, ORDINARY_UID, ORDINARY_UID)
    program = start_program(home / "data", ordinary(extra=[home]))
    found = await next_line(program)
    assert found["uid"] == ORDINARY_UID
    assert found["applied"] > 0
    assert (home / "data" / "postgres" / str(MAJOR)).stat().st_uid == ORDINARY_UID
    await finish(program)


@pytest.mark.skipif(not AS_ROOT, reason="needs root: it is about what root lacks")
async def test_root_that_may_not_mount_is_told_what_to_do(tmp_path: Path) -> None:
    program = start_program(tmp_path / "data", lambda: privileges.prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN))
    _, problems = await asyncio.to_thread(program.communicate, timeout=30)
    assert program.returncode == 1
    assert "SYS_ADMIN" in problems
    assert "FIREFLY_DATABASE_URL" in problems


async def test_a_strict_umask_is_no_obstacle(tmp_path: Path) -> None:
    program = start_program(tmp_path / "data", lambda: _ignore(os.umask(0o077)))
    assert (await next_line(program))["applied"] > 0
    await finish(program)


def _ignore(_: object) -> None:
    return None


async def test_a_restart_that_fails_is_tried_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    server = EmbeddedPostgres(settings)
    attempts: list[int] = []

    async def is_up() -> bool:
        return len(attempts) > 1

    async def bring_up() -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise BlockingIOError("no room for another process")

    monkeypatch.setattr(server, "_is_up", is_up)
    monkeypatch.setattr(server, "_bring_up", bring_up)
    monkeypatch.setattr(server._cluster, "log_tail", lambda *_: "")
    watching = asyncio.create_task(server._watch())
    assert await eventually(lambda: len(attempts) == 2)
    watching.cancel()
    await asyncio.wait([watching])
