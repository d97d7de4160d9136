"""Nothing is undocumented: settings, commands and API calls are all in docs/reference, as the code has them now."""

import re
from collections.abc import Iterator
from typing import Any, TypeGuard, get_args

import pytest
import typer
from pydantic import BaseModel

from firefly import resources
from firefly.cli.main import compose
from firefly.cli.reference import pages
from firefly.protocol.manifest import Manifest, parse
from firefly.settings import PREFIX, Settings
from firefly.web.api import OPERATIONS
from firefly.web.openapi import openapi, plain_path

REFERENCE = resources.folder("docs") / "reference"
ADVICE = "run `python -m firefly reference` and commit what it writes"


@pytest.mark.parametrize("name", ["settings.md", "cli.md", "api.md"])
def test_the_reference_is_what_the_code_says(name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == pages()[name], ADVICE


def test_every_setting_is_documented_and_described() -> None:
    text = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert f"`{PREFIX}{name.upper()}`" in text
        assert field.description


def test_every_command_is_documented_and_described() -> None:
    text = pages()["cli.md"]
    for name in ("serve", "doctor", "login", "up", "open", "project create", "files put", "sandbox exec", "token list"):
        assert f"## `firefly {name}`" in text
    for section in text.split("\n## ")[1:]:
        assert section.split("\n\n")[1].strip().endswith(".")


def test_a_command_that_is_named_is_loaded_alone_and_is_the_same() -> None:
    whole: Any = typer.main.get_command(compose())
    for name, command in whole.commands.items():
        alone: Any = typer.main.get_command(compose(name))
        assert name in alone.commands
        assert len(alone.commands) < 4
        assert alone.commands[name].help == command.help
    assert len(typer.main.get_command(compose("nothing-of-it")).commands) == len(whole.commands)  # type: ignore[attr-defined]


def test_every_call_is_documented_in_both_documents() -> None:
    text, document = pages()["api.md"], openapi(OPERATIONS)
    for operation in OPERATIONS:
        path = plain_path(operation.path)
        assert f"`{operation.method} {path}`" in text
        assert document["paths"][path][operation.method.lower()]["summary"] == operation.summary


def _keys(section: type[BaseModel], above: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        inner = next((one for one in (field.annotation, *get_args(field.annotation)) if _is_section(one)), None)
        yield from _keys(inner, f"{above}{name}.") if inner else (f"{above}{name}",)


def _is_section(found: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(found, type) and issubclass(found, BaseModel)


def test_every_key_of_a_configuration_is_documented_and_no_other_and_the_example_is_one() -> None:
    text = (REFERENCE / "firefly-yml.md").read_text(encoding="utf-8")
    heads = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    assert sorted(re.findall("`([^`]+)`", " ".join(heads))) == sorted(_keys(Manifest))
    example = text.partition("```yaml\n")[2].partition("```")[0]
    assert parse(example).test == ["npm test"]
