"""The unit for systemd: systemd reads it without complaint, and sandboxes outlive the service."""

import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[1] / "config" / "firefly.service"
PROGRAM = "/opt/firefly/bin/firefly"


def directives() -> dict[str, str]:
    lines = (line.partition("=") for line in UNIT.read_text().splitlines() if "=" in line and line[0] != "#")
    return {name: value for name, _, value in lines}


def test_a_restart_leaves_sandboxes_and_limits_are_fireflys() -> None:
    found = directives()
    assert (found["KillMode"], found["Delegate"], found["OOMPolicy"]) == ("process", "yes", "continue")
    assert found["ExecStart"] == f"{PROGRAM} serve"
    assert f"{PROGRAM} serve --replace" in found["ExecReload"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_has_no_complaint(tmp_path: Path) -> None:
    program, unit = tmp_path / "firefly", tmp_path / UNIT.name
    program.touch(mode=0o755)
    unit.write_text(UNIT.read_text().replace(PROGRAM, str(program)))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if UNIT.name in line]
    assert (done.returncode, said) == (0, []), done.stderr
