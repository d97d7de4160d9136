"""What a process uses with its control group, told by files as either version has them."""

from pathlib import Path

import pytest

from firefly.owngroup import OwnGroup

UNIFIED = {
    "memory.current": "4096\n",
    "cpu.stat": "usage_usec 2500000\nuser_usec 2000000\n",
    "pids.current": "7\n",
    "memory.events": "low 0\nhigh 0\nmax 9\noom 3\noom_kill 2\noom_group_kill 0\n",
}
FIRST = {
    "memory/memory.usage_in_bytes": "4096\n",
    "cpuacct/cpuacct.usage": "2500000000\n",
    "pids/pids.current": "7\n",
    "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
}


@pytest.mark.parametrize("files", [UNIFIED, FIRST], ids=["version 2", "version 1"])
def test_it_tells_what_is_used(files: dict[str, str], tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    group = OwnGroup(tmp_path)
    assert (group.memory(), group.cpu_seconds(), group.pids(), group.oom_kills()) == (4096, 2.5, 7, 2)


def test_what_cannot_be_seen_is_nothing(tmp_path: Path) -> None:
    group = OwnGroup(tmp_path)
    assert (group.memory(), group.cpu_seconds(), group.pids(), group.oom_kills()) == (0, 0, 0, 0)
