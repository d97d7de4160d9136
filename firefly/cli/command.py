"""What all commands share: --json, --server, --token, how they print, and how they fail."""

import asyncio
import inspect
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from firefly.client import ClientError, FireflyClient
from firefly.errors import FireflyError
from firefly.protocol.ansi import settled

from . import credentials
from .hints import with_hint

Result = TypeVar("Result")

Server = Annotated[str | None, typer.Option("--server", help="The server's address. Default: that of the last login.")]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="FIREFLY_TOKEN",
        help="An API token. Default: FIREFLY_TOKEN, which others on the machine do not see, or what `login` kept.",
    ),
]
# What most commands are about.
_PATH = "`owner/name`, or the name of one of your own"
ProjectPath = Annotated[str, typer.Argument(metavar="PROJECT", help=f"{_PATH}.")]
WorkspacePath = Annotated[
    str, typer.Argument(metavar="PROJECT", help=f"{_PATH}; with `@you` your own workspace, not the shared one.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
OPTIONS: Mapping[str, tuple[object, object]] = {
    "server": (Server, None),
    "token": (Token, None),
    "as_json": (Json, False),
}


WIDE = 10_000


class Failure(Exception):
    """The command failed; the sentence goes to stderr, the exit code is 1."""


@dataclass(frozen=True)
class Cli:
    """One run of a command."""

    server: str
    token: str
    as_json: bool

    @property
    def out(self) -> Console:
        # What is no terminal has no width: programs get every line whole.
        return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE)

    @property
    def err(self) -> Console:
        return Console(stderr=True, highlight=False, soft_wrap=True)

    @property
    def interactive(self) -> bool:
        return sys.stdout.isatty() and not self.as_json

    def client(self) -> FireflyClient:
        return FireflyClient(self.server, self.token)

    def show(self, value: object, text: str) -> None:
        """Print `text`, or with --json the value."""
        if self.as_json:
            print(json.dumps(plain(value), indent=2))
        else:
            self.out.print(settled(text), markup=False)

    def table(self, values: Sequence[BaseModel], columns: Mapping[str, Callable[[Any], str]], empty: str) -> None:
        """Print a row for each of `values`, or with --json all of them."""
        if self.as_json:
            print(json.dumps(plain(values), indent=2))
            return
        if not values:
            self.out.print(empty, markup=False)
            return
        table = Table(box=None, header_style="bold", pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for value in values:
            table.add_row(*(Text(settled(text(value))) for text in columns.values()))
        self.out.print(table)

    def note(self, text: str) -> None:
        """Something for a person beside the result: never on stdout, never with --json."""
        if not self.as_json:
            self.err.print(settled(text), markup=False)


def plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return [plain(item) for item in value] if isinstance(value, Sequence) and not isinstance(value, str) else value


def command(app: typer.Typer, name: str | None = None, **settings: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a command of a coroutine function whose first parameter is a Cli; the shared options are added."""

    def register(function: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        def run(server: str | None, token: str | None, as_json: bool, **given: Any) -> None:
            finish(lambda: _run(function, make_cli(server, token, as_json), given))

        wrapper = _with_signature(run, function)
        app.command(name or function.__name__.replace("_", "-"), help=inspect.getdoc(function), **settings)(wrapper)
        return function

    return register


async def _run(function: Callable[..., Awaitable[None]], cli: Cli, given: dict[str, Any]) -> None:
    try:
        await function(cli, **given)
    except ClientError as error:
        raise Failure(await with_hint(cli, error, given)) from error


def make_cli(server: str | None, token: str | None, as_json: bool) -> Cli:
    kept = credentials.load()
    address = (server or kept.default).rstrip("/")
    if "://" not in address:
        address = f"http://{address}"
    return Cli(address, token or kept.servers.get(address, ""), as_json)


def finish(coroutine: Callable[[], Awaitable[None]]) -> None:
    """Run to the end; what a user can do something about becomes a sentence and exit code 1."""
    try:
        try:
            asyncio.run(_awaited(coroutine()))
        finally:
            # Here, where a reader that has gone can still be told from success.
            sys.stdout.flush()
    except (ClientError, FireflyError, Failure) as error:
        _complain(str(error))
        raise typer.Exit(1) from None
    except BrokenPipeError:
        # What is still in the buffer would be tried again, and complained about, at the very end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except OSError as error:
        _complain(_sentence(error))
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _complain(sentence: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(settled(sentence), markup=False)


def _sentence(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}." if error.filename else f"{reason}."


async def _awaited(awaitable: Awaitable[Result]) -> Result:
    return await awaitable


def _with_signature(run: Callable[..., None], function: Callable[..., Any]) -> Callable[..., None]:
    """Typer reads a command's options from its signature: the function's own, without the Cli, and the shared ones."""
    hints = inspect.get_annotations(function, eval_str=True)
    own = list(inspect.signature(function).parameters.values())[1:]
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[p.name]) for p in own]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
        for name, (annotation, default) in OPTIONS.items()
    ]

    def wrapper(**given: Any) -> None:
        run(**given)

    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
    wrapper.__doc__ = function.__doc__
    return wrapper


async def resolve(client: FireflyClient, path: str) -> tuple[str, str]:
    """Owner and name of `owner/name`, or of one's own `name`. Raises Failure where a member's workspace is named."""
    if "@" in path:
        raise Failure(f"This is about the whole project: leave out @{path.partition('@')[2]}.")
    owner, slash, name = path.partition("/")
    if slash:
        return owner, name
    return (await client.me()).account.name, path


async def within(client: FireflyClient, path: str) -> tuple[str, str]:
    """As `resolve`; what follows `@` is the member whose own workspace further calls are about."""
    path, _, client.workspace = path.partition("@")
    return await resolve(client, path)
