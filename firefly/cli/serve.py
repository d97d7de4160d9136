"""`firefly serve`: the server, from the settings."""

import gc
import inspect
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from firefly.errors import FireflyError
from firefly.settings import FIELDS, PREFIX, SECRETS, load

SWITCHES = {
    "stop_sandboxes": typer.Option(
        "--stop-sandboxes", help="At the end stop all sandboxes; else they stay and are adopted."
    ),
    "replace": typer.Option(
        "--replace", help="Take over from the server that uses the data directory, without a break."
    ),
}


def register(app: typer.Typer) -> None:
    app.command(
        "serve", help="Run the server. Every option is also a setting: FIREFLY_LISTEN for --listen, and so on."
    )(_with_settings(serve))


def serve(*, stop_sandboxes: bool, replace: bool, **flags: object) -> None:
    try:
        settings = load(flags)
        # Until all parts are up, and it is switched on again, it would only find what stays.
        gc.disable()
        # Only the server needs all of its parts; other commands start faster without them.
        from firefly.app import run

        run(settings, stop_sandboxes=stop_sandboxes, replace=replace)
    except FireflyError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(error), markup=False)
        raise typer.Exit(1) from None


def option_of(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def flag_fields() -> dict[str, type[Any]]:
    """The settings that are flags too, and the type of each as an option."""
    return {name: _option_type(field.annotation) for name, field in FIELDS.items() if name not in SECRETS}


def _option_type(annotation: object) -> type[Any]:
    if typing.get_origin(annotation) is tuple or isinstance(annotation, types.GenericAlias):
        return str
    return next((kind for kind in (bool, int, float, Path) if annotation is kind), str)


def _with_settings(function: Callable[..., None]) -> Callable[..., None]:
    """Typer reads options from a signature: here every setting's, so that no list of them stands twice."""
    parameters = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[kind | None, typer.Option(option_of(name), help=FIELDS[name].description)],
        )
        for name, kind in flag_fields().items()
    ]
    for name, option in SWITCHES.items():
        parameters.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Annotated[bool, option])
        )

    def wrapper(**given: Any) -> None:
        function(**given)

    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapper


__all__ = ["PREFIX", "flag_fields", "option_of", "register"]
