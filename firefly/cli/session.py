"""`firefly login`, `logout` and `open`."""

import asyncio
import socket
import sys
import webbrowser
from getpass import getpass
from http.cookies import SimpleCookie
from typing import Annotated

import aiohttp
import typer

from firefly.client import ClientError, FireflyClient
from firefly.client.errors import away

from . import credentials
from .command import Cli, Failure, command, resolve

SESSION_COOKIE = "__Host-firefly-session"
TIMEOUT = aiohttp.ClientTimeout(total=30)


def register(app: typer.Typer) -> None:
    command(app)(login)
    command(app)(logout)
    command(app, "open")(open_project)


async def login(
    cli: Cli, name: Annotated[str | None, typer.Option(help="Your account's name; asked for when left out.")] = None
) -> None:
    """Keep an API token for a server: the one given by --token, or a new one for name and password."""
    token = cli.token if _given_token(cli) else await _by_password(cli, *await asyncio.to_thread(_ask, name))
    async with FireflyClient(cli.server, token) as client:
        me = await client.me()
    path = credentials.remember(cli.server, token)
    shown = {"server": cli.server, "account": me.account.name, "file": str(path)}
    cli.show(shown, f"Logged in to {cli.server} as {me.account.name}.")


def _given_token(cli: Cli) -> bool:
    return bool(cli.token) and cli.token != credentials.load().servers.get(cli.server)


def _ask(name: str | None) -> tuple[str, str]:
    """Asked on the terminal, never on standard output, where programs read."""
    try:
        if not name:
            print("Name: ", end="", file=sys.stderr, flush=True)
            name = input()
        return name, getpass("Password: ", stream=sys.stderr)
    except EOFError:
        raise Failure("Nobody is there to be asked for name and password. Give a token, by FIREFLY_TOKEN.") from None


async def _by_password(cli: Cli, name: str, password: str) -> str:
    try:
        session = await sign_in(cli.server, name, password)
    except ClientError as error:
        if error.status == 401:
            # To log in is what he is at.
            raise Failure(error.detail) from error
        raise
    headers = {"Cookie": f"{SESSION_COOKIE}={session}", "Origin": cli.server}
    async with (
        aiohttp.ClientSession(headers=headers, cookie_jar=aiohttp.DummyCookieJar()) as http,
        FireflyClient(cli.server, session=http) as client,
    ):
        made = await client.tokens.create(f"firefly login on {socket.gethostname()}")
    if made.token is None:
        raise Failure("The server made no token.")
    return made.token


async def sign_in(server: str, name: str, password: str) -> str:
    """A session's cookie for name and password. Raises ClientError with the server's sentence."""
    body, headers = {"name": name, "password": password}, {"Origin": server}
    async with aiohttp.ClientSession(timeout=TIMEOUT, headers=headers, cookie_jar=aiohttp.DummyCookieJar()) as http:
        try:
            async with http.post(f"{server}/auth/sign-in", json=body, allow_redirects=False) as response:
                if response.status == 204:
                    return _cookie(response)
                problem = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise away(server, error) from error
    raise ClientError(str(problem.get("detail", "The sign-in failed.")), status=response.status, problem=problem)


def _cookie(response: aiohttp.ClientResponse) -> str:
    for field in response.headers.getall("Set-Cookie", []):
        cookies = SimpleCookie(field)
        if SESSION_COOKIE in cookies:
            return cookies[SESSION_COOKIE].value
    raise ClientError("The server opened no session.")


async def logout(cli: Cli) -> None:
    """Forget the token that is kept for a server."""
    known = credentials.forget(cli.server)
    text = f"Forgot the token for {cli.server}." if known else f"There was no token for {cli.server}."
    cli.show({"server": cli.server, "forgotten": known}, text)


async def open_project(
    cli: Cli,
    project: Annotated[str | None, typer.Argument(help="`owner/name` or `name`; left out, the dashboard.")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Its preview instead of its editor.")] = False,
) -> None:
    """Open a project, or the dashboard, in the browser."""
    address = cli.server
    if project:
        async with cli.client() as client:
            found = await client.projects.get(*await resolve(client, project))
        address = found.urls.preview if preview else found.urls.editor
    cli.show({"url": address}, address)
    if not cli.as_json:
        webbrowser.open(address)
