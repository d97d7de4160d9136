"""What a machine offers, and what `firefly doctor` is told where it offers less."""

import os
from pathlib import Path

import pytest

from firefly.sandbox import cgroups, landlock
from firefly.sandbox.backend import Lack
from firefly.sandbox.detection import Machine, look


def with_programs(folder: Path, monkeypatch: pytest.MonkeyPatch, **scripts: str) -> None:
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    folder.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def lacks(machine: Machine) -> dict[str, Lack]:
    return {lack.what: lack for lack in machine.capabilities.lacks}


def test_this_machine_isolates(machine: Machine) -> None:
    assert machine.capabilities.isolated
    assert machine.capabilities.limits in ("cgroup2", "cgroup1", "rlimit")


@pytest.mark.parametrize(
    ("groups", "limits", "freezing"),
    [
        ({"": "/sys/fs/cgroup/firefly"}, "control groups, version 2, in /sys/fs/cgroup/firefly", "by control groups"),
        ({"memory": "/m", "pids": "/p"}, "control groups, version 1, in /m", "no: idle sandboxes only stop"),
        ({}, "RLIMIT_DATA and RLIMIT_NPROC, with a watchdog", "no: idle sandboxes only stop"),
    ],
)
def test_what_keeps_sandboxes_is_told(
    groups: dict[str, str], limits: str, freezing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "find", lambda: groups)
    monkeypatch.setattr(landlock, "version", lambda: 0)
    found = {one.what: one.how for one in look().capabilities.protections}
    assert (found["limits"], found["freezing"]) == (limits, freezing)
    assert found["Landlock"].startswith("no")
    assert set(found) == {"limits", "freezing", "system calls", "Landlock", "zygote"}


def test_without_bubblewrap_nothing_is_isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    machine = look()
    assert not machine.capabilities.isolated
    assert lacks(machine)["bubblewrap"].remedy == "apt install bubblewrap"
    assert "only administrators" in lacks(machine)["bubblewrap"].consequence


def test_a_kernel_that_refuses_is_told_with_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(f"/tmp/firefly-detection-{os.getpid()}")
    folder.mkdir()
    try:
        with_programs(folder, monkeypatch, bwrap="echo 'bwrap: No permissions to create new namespace' >&2; exit 1")
        machine = look()
    finally:
        (folder / "bwrap").unlink()
        folder.rmdir()
    assert not machine.capabilities.isolated
    assert any("No permissions to create new namespace" in what for what in lacks(machine))


def test_without_slirp_there_is_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(f"/tmp/firefly-detection-{os.getpid()}")
    folder.mkdir()
    try:
        with_programs(folder, monkeypatch, bwrap="exit 0")
        machine = look()
    finally:
        (folder / "bwrap").unlink()
        folder.rmdir()
    assert machine.capabilities.isolated
    assert machine.slirp == ""
    assert "reaches the network" in lacks(machine)["slirp4netns"].consequence


def test_without_control_groups_limits_are_weaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "find", dict)
    machine = look()
    assert machine.capabilities.limits == "rlimit"
    assert "watchdog" in lacks(machine)["control groups"].consequence


def test_version_1_without_cpu_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "find", lambda: {"memory": "/m", "pids": "/p"})
    machine = look()
    assert machine.capabilities.limits == "cgroup1"
    assert "the cpu control group" in lacks(machine)


def test_lacks_found_elsewhere_are_kept() -> None:
    other = Lack("git", "no history", "apt install git")
    assert other in look((other,)).capabilities.lacks
