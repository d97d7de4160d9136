"""What `pip install` of a wheel brings along: all that the server reads beside its modules."""

import json
import subprocess
import sys
from pathlib import Path, PurePath

import pytest

ROOT = Path(__file__).resolve().parent.parent
# The build's own list, without running the build.
LIST = """
import json
from setuptools.dist import Distribution

distribution = Distribution({"script_name": "setup.py"})
distribution.parse_config_files()
build = distribution.get_command_obj("build_py")
build.ensure_finalized()
modules = [file for _, _, file in build.find_all_modules()]
print(json.dumps(modules + [f"{folder}/{name}" for _, folder, _, names in build.data_files for name in names]))
"""
BUILT = "firefly/web/static/editor"


@pytest.fixture(scope="module")
def packed() -> frozenset[str]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LIST], cwd=ROOT, capture_output=True, check=True, text=True, timeout=50
    )
    return frozenset(str(PurePath(path)) for path in json.loads(done.stdout.splitlines()[-1]))


def of_package() -> set[str]:
    """Every file of the package as it lies here, but what is built or made by running it."""
    found = {path.relative_to(ROOT) for path in (ROOT / "firefly").rglob("*") if path.is_file()}
    made = {"__pycache__", "node_modules", ".venv", ".mypy_cache"}
    return {str(path) for path in found if not made & set(path.parts) and not path.is_relative_to(BUILT)}


def test_every_file_of_the_package_is_packed(packed: frozenset[str]) -> None:
    assert of_package() - packed == set()


def test_the_list_that_names_the_editors_files_is_packed(packed: frozenset[str]) -> None:
    assert f"{BUILT}/.vite/manifest.json" in packed


def test_nothing_that_was_compiled_is_packed(packed: frozenset[str]) -> None:
    assert [path for path in packed if path.endswith(".pyc")] == []
