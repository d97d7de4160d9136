"""git over http for the twin's repositories: what git itself offers a server, behind the token as a password."""

import asyncio
import base64
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from .model import TwinRepository

if TYPE_CHECKING:
    from .server import ProviderServer

_SERVICES = {"git-upload-pack": "upload-pack", "git-receive-pack": "receive-pack"}


def set_up(app: web.Application, server: "ProviderServer") -> None:
    def folder(request: web.Request) -> Path:
        repository = server.find(request.match_info["provider"], request.match_info["path"])
        _allow(request, repository, server)
        if repository.folder is None:
            raise web.HTTPNotFound
        return repository.folder

    async def advertise(request: web.Request) -> web.Response:
        service = request.query.get("service", "")
        if service not in _SERVICES:
            raise web.HTTPForbidden
        said = await _git(folder(request), service, b"", "--advertise-refs")
        line = f"# service={service}\n"
        head = f"{len(line) + 4:04x}{line}0000".encode()
        return web.Response(body=head + said, content_type=f"application/x-{service}-advertisement")

    async def serve(request: web.Request) -> web.Response:
        service = request.match_info["service"]
        said = await _git(folder(request), service, await request.read())
        return web.Response(body=said, content_type=f"application/x-{service}-result")

    place = r"/git/{provider}/{path:.+}.git"
    app.router.add_get(f"{place}/info/refs", advertise)
    app.router.add_post(f"{place}/{{service:git-(?:upload|receive)-pack}}", serve)


def _allow(request: web.Request, repository: TwinRepository, server: "ProviderServer") -> None:
    kind, _, pair = request.headers.get("Authorization", "").partition(" ")
    secret = base64.b64decode(pair).decode().rpartition(":")[2] if kind == "Basic" else ""
    known = secret == server.token or server.app.tokens.get(secret) == repository.number
    if not known and (repository.is_private or "receive" in request.path_qs):
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="twin"'})


async def _git(folder: Path, service: str, sent: bytes, *options: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        "git", _SERVICES[service], "--stateless-rpc", *options, str(folder),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate(sent)
    return said


async def branches(repository: TwinRepository) -> dict[str, str]:
    """Commits by branch."""
    if repository.folder is None:
        return {}
    process = await asyncio.create_subprocess_exec(
        "git", "-C", str(repository.folder), "for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate()
    return dict(line.split() for line in said.decode().splitlines())
