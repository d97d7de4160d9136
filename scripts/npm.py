"""Runs npm in editor/, the machine's or the wheel's. `--check` says by its exit code whether the machine has one."""

import runpy
import subprocess
import sys
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    with mock.patch("setuptools.setup"):
        build = runpy.run_path(str(ROOT / "setup.py"))
    if sys.argv[1:] == ["--check"]:
        return 0 if build["machine_has_node"]() else 1
    command, environment = build["npm"]()
    return subprocess.run([*command, *sys.argv[1:]], cwd=ROOT / "editor", env=environment, check=False).returncode


sys.exit(main())
