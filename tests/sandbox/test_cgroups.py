"""Where groups may be made, on trees that look like the kernel's; and a real group where this machine has one."""

import errno
import os
from pathlib import Path

import pytest

from firefly.sandbox import cgroups
from firefly.sandbox.cgroups import Group
from firefly.sandbox.detection import look

V1 = ("memory", "pids", "cpu")


def write_tables(folder: Path, mounts: list[str], membership: list[str]) -> tuple[Path, Path]:
    mountinfo, own = folder / "mountinfo", folder / "membership"
    mountinfo.write_text("".join(f"{line}\n" for line in mounts))
    own.write_text("".join(f"{line}\n" for line in membership))
    return mountinfo, own


def v1(folder: Path, *names: str) -> tuple[Path, Path]:
    for name in names:
        (folder / name / "service").mkdir(parents=True)
    mounts = [f"30 20 0:1 / {folder}/{name} rw,relatime - cgroup cgroup rw,{name}" for name in names]
    return write_tables(folder, mounts, [f"{n}:{name}:/service" for n, name in enumerate(names, 2)])


def v2(folder: Path, *, path: str, controllers: str = "cpu io memory pids", active: str = "") -> tuple[Path, Path]:
    own = folder / "tree" / path.lstrip("/")
    own.mkdir(parents=True)
    for group in {folder / "tree", own}:
        (group / "cgroup.controllers").write_text(controllers)
        (group / "cgroup.subtree_control").write_text(active)
        (group / "cgroup.procs").write_text("")
    return write_tables(folder, [f"30 20 0:1 / {folder}/tree rw - cgroup2 cgroup2 rw"], [f"0::{path}"])


def find(tables: tuple[Path, Path], *, root: bool = True) -> dict[str, str]:
    return cgroups.find(mountinfo=tables[0], membership=tables[1], root=root)


def test_version_1_uses_the_servers_own_groups(tmp_path: Path) -> None:
    assert find(v1(tmp_path, *V1)) == {name: str(tmp_path / name / "service") for name in V1}


def test_version_1_without_cpu_is_still_of_use(tmp_path: Path) -> None:
    assert set(find(v1(tmp_path, "memory", "pids"))) == {"memory", "pids"}


@pytest.mark.parametrize("names", [("memory", "cpu"), ("pids", "cpu"), ("cpu",), ()])
def test_without_memory_or_pids_there_is_nothing(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert find(v1(tmp_path, *names)) == {}


def test_groups_that_may_not_be_written_are_not_used(tmp_path: Path) -> None:
    """Not even root can make a folder in /proc."""
    mountinfo, membership = v1(tmp_path, *V1)
    assert set(find((mountinfo, membership))) == set(V1)
    mountinfo.write_text(mountinfo.read_text().replace(str(tmp_path / "memory"), "/proc"))
    assert find((mountinfo, membership)) == {}


def test_version_2_as_root_makes_a_group_at_the_top(tmp_path: Path) -> None:
    tables = v2(tmp_path, path="/user.slice")
    (tmp_path / "tree" / "firefly").mkdir()
    for name in ("cgroup.controllers", "cgroup.subtree_control"):
        (tmp_path / "tree" / "firefly" / name).write_text("memory pids")
    assert find(tables) == {"": str(tmp_path / "tree" / "firefly")}
    assert (tmp_path / "tree" / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"


def test_version_2_that_was_not_handed_over_is_not_used_by_others_than_root(tmp_path: Path) -> None:
    assert find(v2(tmp_path, path="/user.slice"), root=False) == {}


def test_version_2_at_the_root_of_a_container_is_used(tmp_path: Path) -> None:
    tables = v2(tmp_path, path="/", active="memory pids cpu")
    (tmp_path / "tree" / "cgroup.type").write_text("domain")
    assert find(tables, root=False) == {"": str(tmp_path / "tree")}


def test_version_2_without_the_controllers_is_not_used(tmp_path: Path) -> None:
    assert find(v2(tmp_path, path="/user.slice", controllers="cpu io")) == {}


def act_as_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files be as those of version 2: a process is in one group, and none is in one that hands on limits."""
    write = Path.write_text

    def act(path: Path, data: str) -> int:
        if path.name == "cgroup.subtree_control" and path.with_name("cgroup.procs").read_text().split():
            raise OSError(errno.EBUSY, "there are processes in it")
        if path.name == "cgroup.procs":
            others = path.parent.parent / "cgroup.procs"
            write(others, "".join(f"{pid}\n" for pid in others.read_text().split() if pid != data))
            data = (path.read_text() if path.exists() else "") + f"{data}\n"
        if path.name == "cgroup.freeze":
            write(path.with_name("cgroup.events"), f"populated 1\nfrozen {data}\n")
        return write(path, data)

    monkeypatch.setattr(Path, "write_text", act)


def test_version_2_that_was_handed_over_moves_the_server_one_floor_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = v2(tmp_path, path="/firefly.service")
    own = tmp_path / "tree" / "firefly.service"
    with (own / "cgroup.procs").open("w") as file:
        file.write("17\n23\n")
    act_as_the_kernel(monkeypatch)
    assert find(tables, root=False) == {}
    marks: list[object] = []

    def attribute(path: Path, name: str) -> bytes:
        marks.append(path)
        if name == "user.delegate":
            raise OSError(errno.ENODATA, "no such attribute")
        return b"1"

    monkeypatch.setattr(os, "getxattr", attribute)
    assert find(tables, root=False) == {"": str(own)}
    assert marks == [own, own]
    assert (own / "cgroup.procs").read_text() == ""
    assert (own / "server" / "cgroup.procs").read_text() == "17\n23\n"
    assert (own / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"


def test_version_2_freezes_and_thaws_the_whole_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    act_as_the_kernel(monkeypatch)
    assert cgroups.can_freeze({"": str(tmp_path)})
    group = Group({"": str(tmp_path)}, "one")
    group.make(memory=1, cpu=1, pids=1)
    group.freeze()
    assert (tmp_path / "one" / "cgroup.freeze").read_text() == "1"
    group.thaw()
    assert (tmp_path / "one" / "cgroup.freeze").read_text() == "0"


def test_what_does_not_let_itself_be_frozen_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "FREEZE_LIMIT", 0.0)
    group = Group({"": str(tmp_path)}, "one")
    group.make(memory=1, cpu=1, pids=1)
    (tmp_path / "one" / "cgroup.events").write_text("populated 1\nfrozen 0\n")
    with pytest.raises(TimeoutError):
        group.freeze()
    assert (tmp_path / "one" / "cgroup.freeze").read_text() == "0"


def test_version_2_counts_what_ran_out_of_memory(tmp_path: Path) -> None:
    group = Group({"": str(tmp_path)}, "one")
    group.make(memory=1, cpu=1, pids=1)
    (tmp_path / "one" / "memory.events").write_text("low 0\nhigh 3\nmax 9\noom 4\noom_kill 2\noom_group_kill 0\n")
    assert group.oom_kills() == 2


def test_version_2_takes_in_the_calling_process_and_its_children_to_be(tmp_path: Path) -> None:
    group = Group({"": str(tmp_path)}, "one")
    group.make(memory=1, cpu=1, pids=1)
    group.join()
    # Zero is whoever writes it.
    assert (tmp_path / "one" / "cgroup.procs").read_text() == "0"


def test_limits_are_written_where_the_kernel_reads_them(tmp_path: Path) -> None:
    group = Group({"": str(tmp_path)}, "one")
    group.make(memory=1 << 30, cpu=1.5, pids=512)
    written = {path.name: path.read_text() for path in (tmp_path / "one").iterdir()}
    assert written == {
        "memory.max": str(1 << 30),
        "memory.swap.max": "0",
        "pids.max": "512",
        "cpu.max": "150000 100000",
        "cpu.weight": "25",
    }


def test_limits_of_version_1(tmp_path: Path) -> None:
    for name in V1:
        (tmp_path / name).mkdir()
    Group({name: str(tmp_path / name) for name in V1}, "one").make(memory=1 << 28, cpu=0.5, pids=64)
    assert (tmp_path / "memory/one/memory.limit_in_bytes").read_text() == str(1 << 28)
    assert (tmp_path / "pids/one/pids.max").read_text() == "64"
    assert (tmp_path / "cpu/one/cpu.cfs_quota_us").read_text() == "50000"
    assert (tmp_path / "cpu/one/cpu.shares").read_text() == "256"


def test_usage_leaves_out_what_the_kernel_can_take_back(tmp_path: Path) -> None:
    group = Group({"": str(tmp_path)}, "one")
    group.make(memory=1, cpu=1, pids=1)
    for name, text in {
        "memory.current": "1000",
        "memory.stat": "anon 5\ninactive_file 400",
        "pids.current": "7",
    }.items():
        (tmp_path / "one" / name).write_text(text)
    assert group.usage() == (600, 7)


def test_a_real_group_can_be_made_and_removed_or_is_not_offered() -> None:
    parents = cgroups.find()
    group = Group(parents, f"firefly-test-{os.getpid()}")
    group.make(memory=64 << 20, cpu=1, pids=16)
    assert all(folder.is_dir() for folder in group.folders.values())
    assert (group.usage()[1] == 0) if parents else look().capabilities.limits == "rlimit"
    group.remove()
    assert not any(folder.exists() for folder in group.folders.values())


def test_groups_that_were_left_behind_are_swept(tmp_path: Path) -> None:
    for name in ("firefly-old", "firefly-new", "firefly-used", "other-old"):
        (tmp_path / name).mkdir()
    (tmp_path / "firefly-used" / "child").mkdir()
    for name in ("firefly-old", "firefly-used", "other-old"):
        os.utime(tmp_path / name, (0, 0))
    cgroups.sweep({"": str(tmp_path)})
    assert {path.name for path in tmp_path.iterdir()} == {"firefly-new", "firefly-used", "other-old"}
