"""Giving up root for good, with just the files that are needed in sight. Each test looks from a child process."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.users import ORDINARY_UID, ROOT

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.getuid() != 0, reason="there is nothing to give up"),
]


def child(program: str, *arguments: str) -> str:
    """What `program` printed; it starts as root."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_root_is_given_up_for_good() -> None:
    program = f"""
import os
from firefly import privileges
privileges.become({ORDINARY_UID}, {ORDINARY_UID})
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
try:
    os.setuid(0)
    back = True
except PermissionError:
    back = False
print(os.getresuid() == ({ORDINARY_UID},) * 3, os.getresgid() == ({ORDINARY_UID},) * 3, os.getgroups(), back,
      int(status["CapEff"], 16), int(status["CapPrm"], 16), status["NoNewPrivs"].strip())
"""
    assert child(program) == "True True [] False 0 0 1"


def test_what_is_staged_is_seen_below_a_closed_folder_and_nothing_beside_it(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "needed").mkdir(parents=True)
    (closed / "needed" / "file").write_text("needed")
    (closed / "one.txt").write_text("one")
    (closed / "secret").write_text("secret")
    closed.chmod(0o700)
    program = f"""
import sys
from pathlib import Path
from firefly import privileges
closed = Path(sys.argv[1])
seen = privileges.stage({{"folder": closed / "needed", "deep/one.txt": closed / "one.txt"}})
privileges.become({ORDINARY_UID}, {ORDINARY_UID})
try:
    found = (closed / "secret").read_text()
except PermissionError:
    found = "closed"
print((seen["folder"] / "file").read_text(), seen["deep/one.txt"].read_text(), found,
      sorted(path.name for path in privileges.STAGE.iterdir()))
"""
    assert child(program, str(closed)) == "needed one closed ['deep', 'folder']"


def test_the_rest_of_the_machine_does_not_see_the_stage(tmp_path: Path) -> None:
    before = Path("/proc/self/mountinfo").read_text()
    program = """
import sys
from pathlib import Path
from firefly import privileges
privileges.stage({"mine": Path(sys.argv[1])})
print("mine" in Path("/proc/self/mountinfo").read_text())
"""
    assert child(program, str(tmp_path)) == "True"
    assert Path("/proc/self/mountinfo").read_text() == before


def test_a_call_that_fails_says_which_and_why() -> None:
    program = """
from firefly import privileges
try:
    privileges.mount("none", "/no/such/place", "tmpfs", 0)
except OSError as error:
    print(error.errno, error.strerror)
"""
    assert child(program) == "2 mount /no/such/place: No such file or directory"


def test_a_device_that_only_root_may_open_is_lent_in_one_process_alone(tmp_path: Path) -> None:
    device = tmp_path / "closed-null"
    os.mknod(device, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    tmp_path.chmod(0o711)
    program = f"""
import sys
from pathlib import Path
from firefly import privileges
device = Path(sys.argv[1])
privileges.expose([device.parent])
if sys.argv[2:]:
    privileges.lend_device(device, {ORDINARY_UID})
privileges.become({ORDINARY_UID}, {ORDINARY_UID})
try:
    print(open(device, "r+b", buffering=0).write(b"x"))
except PermissionError:
    print("refused")
"""
    assert child(program, str(device)) == "refused"
    assert child(program, str(device), "lend") == "1"
    assert child(program, str(device)) == "refused"
