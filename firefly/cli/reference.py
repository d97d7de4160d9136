"""The reference pages of the documentation, written from the code itself: settings, commands, API."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic_core import PydanticUndefined

from firefly import resources
from firefly.settings import FIELDS, PREFIX

from .main import compose

SHARED = ("--json", "--server", "--token", "--help")

SETTINGS_INTRODUCTION = (
    "Written from the code by `firefly reference`. Sources, weakest first: the TOML file, the environment, "
    "flags of `firefly serve` (`--listen` for `FIREFLY_LISTEN`; secrets are no flags). A name that is not "
    "listed here is an error at start."
)
CLI_INTRODUCTION = (
    "Written from the code by `firefly reference`. Commands that talk to a server take `--json` (print JSON), "
    "`--server` and `--token`, or the token by `FIREFLY_TOKEN`, which other users of the machine do not see; "
    "without them the last `firefly login` counts. They end with 0, with 1 when the request failed (a sentence is on "
    "stderr), with 2 when they were used wrongly."
)
API_INTRODUCTION = (
    "Written from the code by `firefly reference`; the schemas are in `GET /api/v1/openapi.json`. Paths are below "
    "`/api/v1`. Send `Authorization: Bearer <token>`. Errors are problem documents (RFC 9457): `type` never "
    "changes, `detail` says what to do. Lists are `{items, next}`; pass `next` as `cursor`."
)


def register(app: typer.Typer) -> None:
    @app.command("reference", hidden=True)
    def reference(
        folder: Annotated[Path | None, typer.Argument(help="Where to. Default: docs/reference.")] = None,
    ) -> None:
        """Write docs/reference: settings.md, cli.md and api.md."""
        target = folder or resources.folder("docs") / "reference"
        target.mkdir(parents=True, exist_ok=True)
        for name, text in pages().items():
            (target / name).write_text(text, encoding="utf-8")
            print(target / name)


def pages() -> dict[str, str]:
    """File name → Markdown."""
    return {"settings.md": settings_page(), "cli.md": cli_page(), "api.md": api_page()}


def settings_page() -> str:
    rows = [f"| `{PREFIX}{name.upper()}` | {_default(field)} | {field.description} |" for name, field in FIELDS.items()]
    rows.append(f"| `{PREFIX}CONFIG` | empty | A TOML file with settings, by their names in small letters. |")
    head = ["# Settings", "", SETTINGS_INTRODUCTION, "", "| setting | default | meaning |", "|---|---|---|"]
    return "\n".join([*head, *rows, ""])


def _default(field: Any) -> str:
    value = field.default
    if value is PydanticUndefined or value in ("", (), None):
        return "empty"
    if isinstance(value, bool):
        return f"`{int(value)}`"
    return f"`{value}`"


def cli_page() -> str:
    lines = ["# Command line", "", CLI_INTRODUCTION, ""]
    group: Any = typer.main.get_command(compose())
    for path, found in sorted(_commands(group, "firefly")):
        lines += [f"## `{path}`", "", *_command_lines(found), ""]
    return "\n".join(lines)


def _commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, found in group.commands.items():
        if found.hidden:
            continue
        if hasattr(found, "commands"):
            yield from _commands(found, f"{path} {name}")
        else:
            yield f"{path} {name}", found


def _command_lines(found: Any) -> Iterator[str]:
    yield (found.help or "").strip()
    parameters = [item for item in found.params if not set(item.opts) & set(SHARED)]
    if parameters:
        yield ""
        yield "| | |"
        yield "|---|---|"
    for item in parameters:
        options = ", ".join(f"`{name}`" for name in item.opts) if item.param_type_name == "option" else _argument(item)
        yield f"| {options} | {getattr(item, 'help', None) or ''} |"


def _argument(item: Any) -> str:
    name = item.metavar or item.name.upper()
    return f"`{name}`" if item.required or name.startswith("[") else f"`[{name}]`"


def api_page() -> str:
    # The web layer is no dependency of any other command.
    from firefly.web.api import OPERATIONS
    from firefly.web.openapi import plain_path

    lines = ["# API, version 1", "", API_INTRODUCTION]
    for tag in dict.fromkeys(operation.tag for operation in OPERATIONS):
        lines += ["", f"## {tag}", "", "| call | does | takes | answers |", "|---|---|---|---|"]
        lines += [
            f"| `{op.method} {plain_path(op.path)}` | {op.summary} | {_takes(op)} | {_answers(op)} |"
            for op in OPERATIONS
            if op.tag == tag
        ]
    return "\n".join([*lines, ""])


def _takes(operation: Any) -> str:
    parts: list[str] = []
    for model in filter(None, (operation.query, operation.body)):
        parts += [_names(model.model_fields.items())]
    if operation.upload:
        parts.append(f"`{operation.upload}`")
    return " or ".join(parts)


def _names(fields: Iterable[tuple[str, Any]]) -> str:
    return ", ".join(f"`{name}`" if field.is_required() else f"`{name}?`" for name, field in fields)


def _answers(operation: Any) -> str:
    if operation.answer is None:
        return operation.media or ("204" if operation.status == 204 else "JSON")
    return f"{operation.status} {operation.answer.__name__}"
