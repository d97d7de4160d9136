"""The server's cache of packages, for installs: a port on the loopback that leads to it while one runs.

npm and pip are told of it, where the project says nothing of registries itself: who has one of its own, or a password
for one, installs as if there were no cache. All other tools go through a proxy, unless there is a password.
"""

import asyncio
import contextlib
import json
import os
import re
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from firefly.bridge.environment import Environment
from firefly.bridge.package_proxy import proxied
from firefly.protocol.packages import Papers
from firefly.splicing import accept, splice

SOCKET = "packages.sock"
LIMIT = 40.0
_QUESTION = "GET /+{} HTTP/1.0\r\n\r\n"
_PIP_FILES = (".config/pip/pip.conf", ".pip/pip.conf")
# Where the tools of npm's registry have passwords for it, and how those and variables are called.
_NODE_FILES = (".npmrc", ".yarnrc", ".yarnrc.yml", "bunfig.toml", ".bunfig.toml")
_PASSWORD = re.compile(r"_auth|_password|npmAuth|\btoken\b|username", re.IGNORECASE)
_PASSWORDS = re.compile(r"(?:npm|node|yarn|bun).*(?:auth|token)|(?:https|all)_proxy", re.IGNORECASE)
# Whole words: with a version behind them, or a folder before them.
_TOOL = re.compile(
    r"(?:^|(?<=[\s/;&|(=\"']))(npm|npx|pnpm|pnpx|yarn|yarnpkg|bun|bunx|corepack|pip3?|pip-sync|pip-compile|uv|uvx|poetry"
    r"|pipenv|pdm|hatch)(?=$|[\s@;&|)\"'])"
)
log = structlog.get_logger()


@asynccontextmanager
async def offered(environment: Environment, command: str, env: Mapping[str, str]) -> AsyncIterator[Mapping[str, str]]:
    """The variables to run a command with, `env` and perhaps more, which hold inside the block."""
    tools, gateway = set(_TOOL.findall(command)), environment.gateway / SOCKET
    async with contextlib.AsyncExitStack() as stack:
        if command.split()[:1] == ["npm"] and tools == {"npm"}:
            if not _names_npm(environment, env) and (registry := (await _asked(gateway, "upstreams")).get("npm")):
                env = {**env, **_for_npm(await stack.enter_async_context(_leading(gateway)), str(registry))}
        elif "pip install" in command and tools <= {"pip", "pip3"}:
            if not _names_python(environment, env) and (await _asked(gateway, "upstreams")).get("python"):
                env = {**env, **_for_python(await stack.enter_async_context(_leading(gateway)))}
        elif tools and not _has_passwords(environment, env) and (papers := await _papers(gateway)):
            env = await stack.enter_async_context(proxied(gateway, papers, env))
        yield env


def _for_npm(address: str, registry: str) -> Mapping[str, str]:
    """Lock files keep the registry's own addresses, which npm puts the one that it is told in the place of."""
    parts = urlsplit(registry)
    return {"npm_config_registry": address + parts.path, "npm_config_replace_registry_host": parts.netloc}


def _for_python(address: str) -> Mapping[str, str]:
    return {"PIP_INDEX_URL": f"{address}/+python/simple/"}


def _names_npm(environment: Environment, env: Mapping[str, str]) -> bool:
    """Whether a registry, or a password for one, is named: by a variable, for the user, or in the project."""
    files = (environment.home / ".npmrc", environment.workspace / ".npmrc")
    names = (name.lower() for name in env)
    told = any(name.startswith("npm_config_") and ("registry" in name or "auth" in name) for name in names)
    return told or any("registry" in text or "_auth" in text or "_password" in text for text in _texts(*files))


def _names_python(environment: Environment, env: Mapping[str, str]) -> bool:
    """The options of requirements count by themselves."""
    files = [environment.home / name for name in _PIP_FILES]
    files += [environment.workspace / ".venv" / "pip.conf", Path(env.get("PIP_CONFIG_FILE", os.devnull))]
    told = "PIP_INDEX_URL" in env or "PIP_NO_INDEX" in env
    return told or any("index" in text for text in _texts(*files))


def _has_passwords(environment: Environment, env: Mapping[str, str]) -> bool:
    """Whether one is named that a public registry may want; or a proxy, which then is the way."""
    files = [folder / name for folder in (environment.home, environment.workspace) for name in _NODE_FILES]
    return any(map(_PASSWORDS.fullmatch, env)) or any(map(_PASSWORD.search, _texts(*files)))


def _texts(*paths: Path) -> Iterator[str]:
    for path in paths:
        with contextlib.suppress(OSError):
            yield path.read_text(errors="replace")


async def _papers(path: Path) -> Papers | None:
    """None where the server stands for no registry."""
    found = await _asked(path, "papers")
    return Papers.model_validate(found) if "hosts" in found else None


async def _asked(path: Path, what: str) -> Mapping[str, object]:
    """What the server says of its cache; nothing where it keeps none, or does not answer."""
    try:
        async with asyncio.timeout(LIMIT):
            reader, writer = await asyncio.open_unix_connection(str(path))
            with contextlib.closing(writer):
                writer.write(_QUESTION.format(what).encode())
                answer = await reader.read()
        found = json.loads(answer.partition(b"\r\n\r\n")[2])
    except (OSError, TimeoutError, ValueError) as error:
        log.debug("packages.away", reason=str(error))
        return {}
    return found if isinstance(found, dict) else {}


@asynccontextmanager
async def _leading(path: Path) -> AsyncIterator[str]:
    """A URL whose connections all lead to the socket."""
    tasks: set[asyncio.Task[None]] = set()

    async def welcome(listener: socket.socket) -> None:
        while True:
            task = asyncio.create_task(_lead(await accept(listener), path))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        welcoming = asyncio.create_task(welcome(listener), name="packages")
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            for task in (welcoming, *tasks):
                task.cancel()
            await asyncio.gather(welcoming, *tasks, return_exceptions=True)


async def _lead(connection: socket.socket, path: Path) -> None:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    with connection, server, contextlib.suppress(OSError):
        await asyncio.get_running_loop().sock_connect(server, os.fspath(path))
        await splice(connection, server)
