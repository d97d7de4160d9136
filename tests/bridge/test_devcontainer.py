"""devcontainer.json is honoured where there is no firefly.yml; what is not supported is named with its line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firefly.bridge.detection.devcontainer import plain_json
from firefly.bridge.storage import Storage
from firefly.bridge.workspace import Workspace
from tests.bridge.test_detection import FASTAPI, plan_for

PLACE = ".devcontainer/devcontainer.json"
FULL = """// For format details, see https://aka.ms/devcontainer.json.
{
  "name": "Shop", /* seen
  nowhere */ "image": "mcr.microsoft.com/devcontainers/python:3.12",
  "features": { "ghcr.io/x/y:1": {} },
  "onCreateCommand": ["echo", "a // b"],
  "updateContentCommand": { "one": "make one", "two": ["make", "two"] },
  "postCreateCommand": "make three",
  "postStartCommand": "make four",
  "forwardPorts": ["db:5432", 8080],
\t"containerEnv": { "A": "1", "PLACE": "${containerWorkspaceFolder}/x", "HERE": "${localEnv:HOME}" },
  "remoteEnv": { "A": "2", },
  "mounts": [],
}
"""


def test_what_it_says_is_done(workspace: Workspace, storage: Storage) -> None:
    plan = plan_for(workspace, storage, {"main.py": FASTAPI, PLACE: FULL})

    assert [step.command for step in plan.install] == ["echo 'a // b'", "make one", "make two", "make three"]
    assert plan.command == "{ make four; }; uvicorn main:app --host $HOST --port $PORT"
    assert plan.port == 8080
    assert plan.env.items() >= {"A": "2", "PLACE": "/workspace/x"}.items()
    assert PLACE in plan.restart_on


def test_what_is_not_supported_is_named_with_its_line(workspace: Workspace, storage: Storage) -> None:
    notes = plan_for(workspace, storage, {"index.html": "x", PLACE: FULL}).notes

    assert notes == (
        f"{PLACE}, line 5: features is not supported here.",
        f"{PLACE}, line 10: only ports of the sandbox itself are shown, as numbers.",
        f"{PLACE}, line 11: HERE is left out: ${{localEnv:HOME}} means a variable of another machine.",
        f"{PLACE}, line 13: mounts is not supported here.",
        f"{PLACE}: postStartCommand is not run, since nothing is started.",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n "a": 1 "b"}', "line 2: Expecting"),
        ("[]", "line 1: it is an object"),
        ("", "line 1: Expecting"),
        ("[" * 100_000, "nested too deeply"),
        ('{"image": "ruby:3"}', "line 1: the image ruby:3 is not used"),
        ('{"postCreateCommand": 5}', "line 1: postCreateCommand is a command"),
    ],
)
def test_a_mistake_is_told_and_the_application_runs(
    workspace: Workspace, storage: Storage, text: str, said: str
) -> None:
    plan = plan_for(workspace, storage, {"index.html": "x", ".devcontainer.json": text})

    assert said in plan.notes[-1]
    assert plan.kind == "static"


def test_firefly_yml_counts_alone(workspace: Workspace, storage: Storage) -> None:
    plan = plan_for(workspace, storage, {"index.html": "x", PLACE: FULL, "firefly.yml": "env: {B: 3}"})

    assert (plan.env, plan.install, plan.notes) == ({"B": "3"}, (), ())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_plain_json_stays_what_it_is(value: object) -> None:
    for indent in (None, 2):
        assert json.loads(plain_json(json.dumps(value, indent=indent))[0]) == value
