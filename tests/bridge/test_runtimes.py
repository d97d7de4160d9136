"""Runtimes know the memory of their sandbox, not the machine's."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from uuid import uuid4

import pytest

from firefly.bridge.environment import Environment
from firefly.sandbox.backend import SandboxSpec
from firefly.sandbox.model import Limits

MEMORY = 512 << 20
HEAP = ("-XX:+PrintFlagsFinal", "-version")


@pytest.fixture
def variables(variables: dict[str, str]) -> dict[str, str]:
    spec = SandboxSpec(uuid4(), 1000, limits=replace(Limits(), memory=MEMORY))
    return {**variables, **spec.variables}


def _said(*command: str, env: Mapping[str, str]) -> str:
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


def test_node_has_three_quarters_for_its_objects(environment: Environment) -> None:
    asked = ("node", "-p", "v8.getHeapStatistics().heap_size_limit")
    assert MEMORY // 2 < int(_said(*asked, env=environment.child())) < MEMORY


@pytest.mark.skipif(shutil.which("java") is None, reason="java is not there: scripts/system-packages kinds")
def test_a_virtual_machine_of_java_has_half(environment: Environment) -> None:
    (line,) = [line for line in _said("java", *HEAP, env=environment.child()).splitlines() if " MaxHeapSize " in line]
    assert int(line.split("=")[1].split()[0]) == MEMORY // 2


def test_go_is_told_and_what_somebody_says_counts_before_that(variables: dict[str, str]) -> None:
    image = {"GOMEMLIMIT": "off"}
    environment = Environment.read({**variables, **image})
    assert environment.child()["GOMEMLIMIT"] == "off"
    assert Environment.read(variables).child()["GOMEMLIMIT"] == str(MEMORY * 9 // 10)
    assert environment.child(NODE_OPTIONS="--inspect")["NODE_OPTIONS"] == "--inspect"
    environment.give({"JAVA_TOOL_OPTIONS": "-Xmx64m"})
    assert environment.child()["JAVA_TOOL_OPTIONS"] == "-Xmx64m"
    assert "FIREFLY_MEMORY" not in environment.child()


def test_without_a_limit_nothing_is_told(variables: dict[str, str]) -> None:
    known = {name: value for name, value in variables.items() if name != "FIREFLY_MEMORY"}
    assert not {"JAVA_TOOL_OPTIONS", "NODE_OPTIONS", "GOMEMLIMIT"} & Environment.read(known).child().keys()
