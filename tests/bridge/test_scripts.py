"""Which scripts are run without npm, and what they are told."""

import json
from pathlib import Path

import pytest

from firefly.bridge.application.scripts import command_of
from firefly.bridge.detection.project import ProjectFiles
from firefly.bridge.environment import Environment
from firefly.bridge.storage import Storage
from firefly.bridge.workspace import Workspace

PACKAGE = {
    "name": "engine",
    "version": "1.2.3",
    "scripts": {"dev": "vite", "start": "node a && node b", "build": "x", "prebuild": "y", "odd": 7},
}


@pytest.fixture
def environment(variables: dict[str, str], workspace: Workspace, tmp_path: Path) -> Environment:
    kept = {name: value for name, value in variables.items() if not name.lower().startswith("npm_config_")}
    # Where `workspace` is.
    made = Environment.read({**kept, "FIREFLY_WORKSPACE": str(tmp_path / "plain")})
    (made.workspace / "package.json").write_text(json.dumps(PACKAGE))
    return made


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("npm run dev", "vite"),
        ("npm run dev -- --port $PORT --strictPort", "vite --port $PORT --strictPort"),
        ("npm start", "node a && node b"),
        ("npm run build", None),
        ("npm run odd", None),
        ("npm run none", None),
        ("npm run dev && x", None),
        ("npm run dev -- $(x)", None),
        ("pnpm run dev", None),
        ("npm test", None),
    ],
)
def test_what_npm_would_only_run_is_run_itself(
    environment: Environment, storage: Storage, command: str, text: str | None
) -> None:
    found = command_of(command, ProjectFiles(storage), environment)
    assert found.text == (text or command)
    assert bool(found.env) == (text is not None)


def test_a_script_is_told_what_npm_tells(environment: Environment, storage: Storage) -> None:
    env = command_of("npm run dev", ProjectFiles(storage), environment).env
    assert (env["npm_lifecycle_event"], env["npm_lifecycle_script"]) == ("dev", "vite")
    assert (env["npm_package_name"], env["npm_package_version"]) == ("engine", "1.2.3")


@pytest.mark.parametrize("folder", ["workspace", "home"])
def test_npm_runs_what_is_configured_for_it(environment: Environment, storage: Storage, folder: str) -> None:
    path: Path = getattr(environment, folder) / ".npmrc"
    path.write_text("script-shell=/bin/zsh")
    assert command_of("npm run dev", ProjectFiles(storage), environment).text == "npm run dev"
