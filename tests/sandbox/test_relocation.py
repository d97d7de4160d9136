"""Importing under the names that files have elsewhere, before and after the process has gone there."""

import subprocess
import sys
from ast import literal_eval as literal
from pathlib import Path

from firefly.resources import PACKAGE

PROBE = """
import sys
sys.path.insert(0, sys.argv[1])
from firefly.sandbox.relocation import Relocation
there = Relocation({"/elsewhere/package": sys.argv[1], "/elsewhere/libraries": sys.argv[2]})
there.begin()
import firefly.sandbox.cgroups, animals, animals.cat, spoken
before = [animals.cat.__file__, animals.cat.speak.__code__.co_filename, animals.__path__, spoken.__spec__.origin]
before += [firefly.sandbox.cgroups.__file__, animals.cat.__loader__.get_data(animals.cat.__file__)]
there.end()
try:
    import animals.dog
    later = "found"
except ModuleNotFoundError:
    later = "not there"
print([before, later, sys.path[:2]])
"""


def test_modules_are_called_as_they_will_be_and_found_where_they_are(tmp_path: Path) -> None:
    """Nothing is compiled into the folders."""
    animals = tmp_path / "animals"
    animals.mkdir()
    (animals / "__init__.py").touch()
    (animals / "cat.py").write_text("def speak(): return 'miaow'")
    (animals / "dog.py").touch()
    (tmp_path / "spoken.py").write_text("import animals.cat; said = animals.cat.speak()")
    command = [sys.executable, "-I", "-S", "-c", PROBE, str(PACKAGE.parent), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, later, path = literal(done.stdout)
    assert before == [
        "/elsewhere/libraries/animals/cat.py",
        "/elsewhere/libraries/animals/cat.py",
        ["/elsewhere/libraries/animals"],
        "/elsewhere/libraries/spoken.py",
        "/elsewhere/package/firefly/sandbox/cgroups.py",
        b"def speak(): return 'miaow'",
    ]
    assert later == "not there"
    assert path == ["/elsewhere/package", "/elsewhere/libraries"]
    assert not list(tmp_path.rglob("*.pyc"))
