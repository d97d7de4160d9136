"""The launcher: a program sees what it was given, as the user that it was given, and nothing of ours."""

import os
from pathlib import Path

import pytest

from firefly.errors import Unavailable
from firefly.settings import Settings
from firefly.store.cluster import POSTGRES_UID, Cluster

AS_ROOT = os.geteuid() == 0


def names_of_the_machine() -> bytes:
    return Path("/etc/passwd").read_bytes()


@pytest.fixture
def cluster(settings: Settings) -> Cluster:
    made = Cluster(settings)
    made.prepare()
    return made


async def output_of(cluster: Cluster, script: str, **binds: Path) -> str:
    """What a shell script prints that is run as the cluster's programs are; it is made to fail to be heard."""
    with pytest.raises(Unavailable) as caught:
        await cluster.run("/bin/sh", "-c", f"{script}; exit 1", binds={"socket": cluster.socket, **binds})
    return caught.value.detail.removeprefix("sh failed: ")


async def test_the_environment_is_its_own(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIREFLY_SECRET_KEY", "a secret that the database need not know")
    names = {line.partition("=")[0] for line in (await output_of(cluster, "env")).splitlines()}
    assert names <= {"LC_ALL", "TZ", "PATH", "PWD", "SHLVL", "_", "OLDPWD"}


async def test_what_it_writes_is_closed_to_others(cluster: Cluster) -> None:
    await output_of(cluster, "touch {socket}/file")
    assert (cluster.socket / "file").stat().st_mode & 0o077 == 0
    assert (cluster.socket / "file").stat().st_uid == cluster.uid


async def test_no_descriptor_of_ours_reaches_it(cluster: Cluster) -> None:
    with (cluster.folder / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        listed = await output_of(cluster, "ls -l /proc/self/fd")
    assert str(cluster.folder / "open") not in listed


@pytest.mark.skipif(not AS_ROOT, reason="needs root: it is about what root gives up")
async def test_root_is_given_up(cluster: Cluster) -> None:
    assert await output_of(cluster, "id -u; id -g; id -G") == "\n".join([str(POSTGRES_UID)] * 3)


@pytest.mark.skipif(not AS_ROOT, reason="needs root: ordinary users see what they may see anyhow")
async def test_only_what_was_bound_can_be_reached(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("of somebody else")
    said = await output_of(cluster, f"cat {tmp_path / 'other'} {cluster.passfile}; ls {{socket}}")
    assert "of somebody else" not in said
    assert said.count("Permission denied") == 2


@pytest.mark.skipif(not AS_ROOT, reason="needs root: an ordinary user has a name or is lent one by initdb's test")
async def test_a_lent_name_is_seen_by_the_program_alone(cluster: Cluster) -> None:
    before = names_of_the_machine()
    passwd = cluster.folder / "passwd"
    passwd.write_text(f"firefly:x:{POSTGRES_UID}:{POSTGRES_UID}::/:/bin/false\n")
    passwd.chmod(0o644)
    with pytest.raises(Unavailable, match="sh failed: firefly"):
        await cluster.run("/bin/sh", "-c", "id -un; exit 1", binds={"passwd": passwd}, passwd="passwd")
    assert names_of_the_machine() == before


async def test_a_program_that_does_not_end_is_ended(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firefly.store.cluster.SETUP_LIMIT", 0.5)
    with pytest.raises(Unavailable, match="did not end"):
        await cluster.run("/bin/sh", "-c", "exec sleep 60", binds={})
