"""Firefly's own stack file: an engine takes it, and what it sets are settings."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from firefly.settings import PREFIX, Settings
from tests.support.engine import PATH
from tests.support.swarm import Swarm
from tests.support.waiting import eventually

STACK = Path(__file__).parents[3] / "config" / "swarm-stack.yml"
NAMES = {"FIREFLY_URL": "https://firefly.example", "FIREFLY_CONTENT_DOMAIN": "content.example"}


def test_it_sets_what_are_settings() -> None:
    server = yaml.safe_load(STACK.read_text())["services"]["server"]
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields} | {f"{PREFIX}CONFIG"}
    assert set(server["environment"]) <= known
    plain = {key.removeprefix(PREFIX).lower(): value for key, value in {**server["environment"], **NAMES}.items()}
    del plain["config"]
    assert Settings(**plain).sandbox == "swarm"


@pytest.mark.swarm
async def test_a_swarm_takes_it(swarm: Swarm) -> None:
    """No node has the label, so that nothing is pulled and nothing runs."""
    manager = swarm.manager
    for name in ("firefly.toml", "postgres-password"):
        manager.docker("secret", "create", name, __file__)
    try:
        command = [
            "docker",
            "-H",
            manager.url,
            "stack",
            "deploy",
            "--resolve-image",
            "never",
            "-c",
            str(STACK),
            "firefly",
        ]
        home = os.fspath(manager.folder)
        done = subprocess.run(command, env={"PATH": PATH, "HOME": home, **NAMES}, capture_output=True, text=True)  # noqa: ASYNC221
        assert done.returncode == 0, done.stderr
        assert sorted(manager.docker("service", "ls", "--format", "{{.Name}}").split()) == [
            "firefly_postgres",
            "firefly_registry",
            "firefly_server",
        ]
        asked = ("stack", "ps", "firefly", "--no-trunc", "--format", "{{.Error}}")
        assert await eventually(lambda: manager.docker(*asked).count("no suitable node") == 3)
    finally:
        manager.docker("stack", "rm", "firefly")
        for name in ("firefly.toml", "postgres-password"):
            manager.docker("secret", "rm", name)
